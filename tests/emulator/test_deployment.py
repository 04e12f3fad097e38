"""The template deploys as a whole, again and again, and what it makes is what the code relies on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emulator.stack import Stack
from infra.deploy import DeployError, deploy
from infra.package import REPOSITORY
from thermik.storage.dynamodb_schema import table_definition

TEMPLATE = (REPOSITORY / "template.yaml").read_text()

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("emulator")]


def test_the_table_has_its_keys_and_indexes(stack: Stack) -> None:
    table = stack.client("dynamodb").describe_table(TableName=stack.outputs["TableName"])["Table"]
    expected = table_definition()
    assert table["KeySchema"] == expected["KeySchema"]
    for kind in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
        made = [{name: index[name] for name in ("IndexName", "KeySchema", "Projection")} for index in table[kind]]
        assert made == expected[kind]


def test_the_functions_are_there_with_what_they_need_to_know(stack: Stack) -> None:
    client = stack.client("lambda")
    for name in ("worker", "api", "events"):
        made = client.get_function_configuration(FunctionName=f"{stack.deployment.stack}-{name}")
        variables = made["Environment"]["Variables"]
        assert made["Handler"] == f"handlers.{name}.handler"
        assert variables["THERMIK_TABLE"] == stack.outputs["TableName"]
        assert variables["THERMIK_BUCKET"] == stack.outputs["BucketName"]
        assert variables["THERMIK_WORKER_ARN"] == stack.outputs["WorkerArn"]
        assert variables["THERMIK_MACHINE_ROLE_ARN"] == stack.outputs["MachineRoleArn"]


def test_each_role_has_the_policies_of_its_function(stack: Stack) -> None:
    iam = stack.client("iam")
    for role in iam.list_roles()["Roles"]:
        name = role["RoleName"]
        attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        kinds = {policy["PolicyName"].split("-")[-2] for policy in attached}
        alone = "MachineRole" in name or "ScheduleRole" in name
        assert kinds == set() if alone else kinds >= {"DataPolicy", "MachinesPolicy", "SchedulesPolicy"}


def test_a_second_deployment_changes_nothing(stack: Stack) -> None:
    cloudformation = stack.client("cloudformation")
    before = cloudformation.describe_stacks(StackName=stack.deployment.stack)["Stacks"][0]
    assert deploy(stack.deployment, s3=stack.client("s3"), cloudformation=cloudformation) == stack.outputs
    after = cloudformation.describe_stacks(StackName=stack.deployment.stack)["Stacks"][0]
    assert after.get("LastUpdatedTime") == before.get("LastUpdatedTime")


def test_a_parameter_can_be_changed_and_stays_changed(stack: Stack) -> None:
    clients = {"s3": stack.client("s3"), "cloudformation": stack.client("cloudformation")}
    deploy(replace(stack.deployment, parameters={"LogRetentionDays": "7"}), **clients)
    deploy(replace(stack.deployment, parameters={"LogLevel": "DEBUG"}), **clients)
    groups = stack.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{stack.deployment.stack}-worker")
    assert [group["retentionInDays"] for group in groups["logGroups"]] == [7]
    made = stack.client("lambda").get_function_configuration(FunctionName=f"{stack.deployment.stack}-worker")
    assert made["Environment"]["Variables"]["THERMIK_LOG_LEVEL"] == "DEBUG"


def test_a_parameter_that_the_template_does_not_allow_is_named(stack: Stack) -> None:
    wrong = replace(stack.deployment, stack="wrong", parameters={"Auth": "never"})
    with pytest.raises(DeployError, match="Auth"):
        deploy(wrong, s3=stack.client("s3"), cloudformation=stack.client("cloudformation"))


def test_changes_that_cannot_be_carried_out_are_told_with_the_resource(stack: Stack) -> None:
    broken = TEMPLATE.replace("!GetAtt MachineEnded.Arn\n", "!GetAtt MachineEnded.Nothing\n")
    deployment = replace(stack.deployment, stack="stuck", template=broken)
    clients = {"s3": stack.client("s3"), "cloudformation": stack.client("cloudformation")}
    with pytest.raises(DeployError, match="MachineEndedPermission"):
        deploy(deployment, **clients)
    with pytest.raises(DeployError, match="stuck is ROLLBACK_COMPLETE"):
        deploy(deployment, **clients)
