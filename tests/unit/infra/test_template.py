"""The template says what the code relies on, and gives no function more than it uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from infra.deploy import CODE_URI, MAX_INLINE_TEMPLATE_BYTES
from infra.package import LAMBDA_PYTHON, REPOSITORY
from thermik.settings import read_settings
from thermik.storage.dynamodb_schema import table_definition, time_to_live

TEXT = (REPOSITORY / "template.yaml").read_text()

DATA = {
    "dynamodb:BatchGetItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:DeleteObjectTagging",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:PutObject",
    "s3:PutObjectTagging",
}
MACHINES = {
    "iam:PassRole",
    "states:CreateStateMachine",
    "states:DescribeExecution",
    "states:DescribeStateMachine",
    "states:SendTaskFailure",
    "states:SendTaskSuccess",
    "states:StartExecution",
    "states:StopExecution",
}
NETWORK = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}
TURNS = {"states:DescribeExecution", "states:StartExecution", "states:StopExecution"}
"""Of a distributed Map (https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html); not
RedriveExecution: nobody redrives a machine, since its execution is restarted."""
SCHEDULES = {"scheduler:CreateSchedule", "scheduler:DeleteSchedule", "scheduler:UpdateSchedule"}
SECRETS = {"secretsmanager:GetSecretValue"}
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}

ACTIONS = {
    "MachineRole": {"lambda:InvokeFunction"} | TURNS,
    "WorkerRole": DATA | MACHINES | SCHEDULES | NETWORK | LOGS | SECRETS,
    "ApiRole": DATA | MACHINES | SCHEDULES | NETWORK | LOGS | SECRETS,
    "EventsRole": DATA | MACHINES | SCHEDULES | NETWORK | LOGS | SECRETS | {"sqs:SendMessage"},
    "ScheduleRole": {"lambda:InvokeFunction", "sqs:SendMessage"},
}
"""What each role may do, to the letter: a new permission is a decision, made here and in the template."""

WITHOUT_NARROWER_RESOURCE = {"Tokens", "NetworkInterfaces"}
"""Statements on all resources, since AWS knows none for their actions; the network's only in a VPC."""


class _Loader(yaml.SafeLoader):
    """CloudFormation's short forms, as `{"!Ref": "Table"}`."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    construct = {"scalar": loader.construct_scalar, "sequence": loader.construct_sequence}[node.id]
    value = construct(node, deep=True) if node.id == "sequence" else construct(node)
    return {f"!{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)

TEMPLATE: dict[str, Any] = yaml.load(TEXT, _Loader)
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]


def _of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {name: resource["Properties"] for name, resource in RESOURCES.items() if resource["Type"] == kind}


def _branches(value: Any) -> Iterator[Any]:
    """A list's members, those under a condition too."""
    for member in value if isinstance(value, list) else [value]:
        if isinstance(member, dict) and "!If" in member:
            yield from (branch for branch in member["!If"][1:] if branch != {"!Ref": "AWS::NoValue"})
        else:
            yield member


def _statements(role: str) -> Iterator[dict[str, Any]]:
    properties = RESOURCES[role]["Properties"]
    documents = [policy["PolicyDocument"] for policy in properties["Policies"]]
    attached = [policy["!Ref"] for policy in _branches(properties.get("ManagedPolicyArns", []))]
    documents += [RESOURCES[name]["Properties"]["PolicyDocument"] for name in attached]
    for document in documents:
        yield from _branches(document["Statement"])


def _actions(statement: dict[str, Any]) -> set[str]:
    return set(_branches(statement["Action"]))


def test_every_role_is_accounted_for() -> None:
    assert set(_of_type("AWS::IAM::Role")) == set(ACTIONS)


@pytest.mark.parametrize("role", ACTIONS)
def test_a_role_may_do_exactly_what_is_listed(role: str) -> None:
    assert set().union(*map(_actions, _statements(role))) == ACTIONS[role]


@pytest.mark.parametrize("role", ACTIONS)
def test_a_role_is_bound_to_resources_of_the_stack(role: str) -> None:
    unbound = {statement["Sid"] for statement in _statements(role) if "*" in _branches(statement["Resource"])}
    assert unbound <= WITHOUT_NARROWER_RESOURCE


def test_each_function_has_a_role_of_its_own() -> None:
    roles = [function["Role"]["!GetAtt"] for function in _of_type("AWS::Serverless::Function").values()]
    assert len(roles) == len(set(roles)) == 3


def test_the_machines_may_start_and_stop_only_what_is_the_stacks() -> None:
    resources = {
        each["Sid"]: each["Resource"]["!Sub"].rpartition("AccountId}:")[2] for each in _statements("MachineRole")
    }
    assert resources == {
        "Worker": "function:${AWS::StackName}-worker:live",
        "Turns": "stateMachine:${AWS::StackName}-*",
        "RunningTurns": "execution:${AWS::StackName}-*:*",
    }


def test_a_role_can_only_be_passed_to_the_service_that_it_is_for() -> None:
    passing = [statement for statement in _statements("WorkerRole") if "iam:PassRole" in _actions(statement)]
    services = {
        each["Resource"]["!GetAtt"]: each["Condition"]["StringEquals"]["iam:PassedToService"] for each in passing
    }
    assert services == {"MachineRole.Arn": "states.amazonaws.com", "ScheduleRole.Arn": "scheduler.amazonaws.com"}


def test_the_table_is_the_one_that_the_adapter_expects() -> None:
    table = RESOURCES["Table"]["Properties"]
    assert {name: table[name] for name in table_definition()} == table_definition()
    assert table["TimeToLiveSpecification"] == time_to_live()


@pytest.mark.parametrize("name", ["Table", "Bucket"])
def test_data_outlives_the_stack(name: str) -> None:
    assert RESOURCES[name]["DeletionPolicy"] == RESOURCES[name]["UpdateReplacePolicy"] == "Retain"


def test_the_bucket_is_private_and_encrypted() -> None:
    bucket = RESOURCES["Bucket"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert "BucketEncryption" in bucket


def test_credentials_are_asked_for_unless_someone_says_otherwise() -> None:
    assert TEMPLATE["Parameters"]["Auth"]["Default"] == "required"


def test_the_environment_of_each_function_is_one_that_the_settings_accept() -> None:
    common = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    for function in _of_type("AWS::Serverless::Function").values():
        names = common | function.get("Environment", {}).get("Variables", {})
        valid = {"THERMIK_LOG_LEVEL": "INFO", "THERMIK_RETENTION_DAYS": "", "THERMIK_AUTH": "required"}
        settings = read_settings({name: valid.get(name, "text") for name in names})
        assert settings.aws is not None
        assert (settings.aws.api_secret is not None) == ("api" in function["Handler"])


def test_each_function_keeps_its_logs_for_a_set_time() -> None:
    groups = _of_type("AWS::Logs::LogGroup")
    for function in _of_type("AWS::Serverless::Function").values():
        group = groups[function["LoggingConfig"]["LogGroup"]["!Ref"]]
        assert group["RetentionInDays"] == {"!Ref": "LogRetentionDays"}
        assert group["LogGroupName"]["!Sub"] == f"/aws/lambda/{function['FunctionName']['!Sub']}"


def test_the_functions_run_what_the_package_is_built_for() -> None:
    common = TEMPLATE["Globals"]["Function"]
    assert common["Runtime"] == f"python{LAMBDA_PYTHON}"
    assert common["Architectures"] == ["arm64"]


def test_the_template_can_be_sent_as_it_is() -> None:
    assert TEXT.count(CODE_URI) == 1
    assert len(TEXT.encode()) < MAX_INLINE_TEMPLATE_BYTES - 1024, "the package's place has to fit in as well"
