"""Deploys the stack with boto3 alone: upload the package, make a change set, carry it out, tell the outputs.

The same as `sam deploy` does with `template.yaml`, for those who have no SAM command line. Each
step can be repeated: the package's key is its hash, and a stack that is up to date stays as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from thermik.identity import new_id

CODE_URI = "CodeUri: build/lambda.zip"
"""The line of the template that names the package."""

MAX_INLINE_TEMPLATE_BYTES = 51_200
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
"""The template makes roles, and SAM's transform writes a part of it."""

NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
"""CloudFormation calls it a failure when a change set would change nothing, and tells so in one of these ways."""

ABSENT = "REVIEW_IN_PROGRESS"
"""A stack of which there is a change set only, from a deployment that ended there: it is yet to be created."""

STUCK = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")
"""From where no change set leads away."""

POLL_SECONDS = 5
MAX_POLLS = 360  # half an hour


class DeployError(Exception):
    """The deployment stopped; the message has CloudFormation's own reasons."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What to deploy.

    Attributes:
        stack: the stack's name.
        template: the text of `template.yaml`.
        archive: the Lambda package.
        parameters: of the template; one that is not named keeps its value, or its default in a new stack.
        bucket: where the package goes; made if it does not exist.
        owner: the account that the bucket must belong to. A name that anybody can guess, such as `default_bucket`'s,
            may have been taken by somebody else, who could then put other code in place of ours. None for a bucket
            that a person named.
        poll_seconds: between two looks at CloudFormation.
    """

    stack: str
    template: str
    archive: Path
    bucket: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    owner: str | None = None
    poll_seconds: float = POLL_SECONDS


def deploy(
    deployment: Deployment, *, s3: Any, cloudformation: Any, tell: Callable[[str], None] = lambda _: None
) -> dict[str, str]:
    """Bring the stack to what the template and package say; returns its outputs.

    Args:
        tell: is told of each step that takes a while, when it begins.

    Raises:
        DeployError: CloudFormation refused or rolled back, or the stack is in a state that it cannot leave.
    """
    tell(f"Uploading it to {deployment.bucket}")
    ensure_bucket(s3, deployment.bucket, deployment.owner)
    key = upload(s3, deployment.bucket, deployment.archive, deployment.owner)
    template = with_package(deployment.template, deployment.bucket, key)
    status = stack_status(cloudformation, deployment.stack)
    if status in STUCK:  # told before the change set, of which CloudFormation says less
        raise DeployError(f"The stack {deployment.stack} is {status}: delete it, or repair it, before a new deployment")
    creates = status in {None, ABSENT}
    tell(f"Asking CloudFormation what changes in the stack {deployment.stack}")
    change_set = _make_change_set(cloudformation, deployment, template, creates=creates)
    if change_set is None:
        tell("Nothing changes")
    else:
        tell("Creating the stack" if creates else "Updating the stack")
        _execute(cloudformation, deployment, change_set, creates=creates)
    return stack_outputs(cloudformation, deployment.stack)


def default_bucket(account: str, region: str) -> str:
    """The bucket for packages where none is named: one for each account and region."""
    return f"thermik-packages-{account}-{region}"


def ensure_bucket(s3: Any, bucket: str, owner: str | None = None) -> None:
    """Make the bucket, closed to the public, unless it is there and its owner's.

    Raises:
        DeployError: the name belongs to someone else.
    """
    region = s3.meta.region_name
    # S3 has no name for its first region: to give it is an error
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.head_bucket(Bucket=bucket, **_owned_by(owner))
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in {"404", "NoSuchBucket"}:
            raise DeployError(
                f"The bucket {bucket} cannot be used ({code}): it may belong to another account; name one of yours "
                "by --bucket"
            ) from error
        s3.create_bucket(Bucket=bucket, **place)
        closed = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(closed, True))


def upload(s3: Any, bucket: str, archive: Path, owner: str | None = None) -> str:
    """Store the package under its hash, unless it is there; returns the key."""
    content = archive.read_bytes()
    key = f"thermik/{hashlib.sha256(content).hexdigest()}.zip"
    try:
        s3.head_object(Bucket=bucket, Key=key, **_owned_by(owner))
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"404", "NoSuchKey"}:
            raise
        s3.put_object(Bucket=bucket, Key=key, Body=content, **_owned_by(owner))
    return key


def _owned_by(account: str | None) -> dict[str, str]:
    """What makes S3 refuse a bucket of another account.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
    """
    return {} if account is None else {"ExpectedBucketOwner": account}


def with_package(template: str, bucket: str, key: str) -> str:
    """The template with the package's place in it.

    Raises:
        DeployError: the template does not name the package exactly once, or is too long to send.
    """
    if template.count(CODE_URI) != 1:
        raise DeployError(f"The template must have the line {CODE_URI!r} exactly once")
    text = template.replace(CODE_URI, f"CodeUri: s3://{bucket}/{key}")
    if len(text.encode()) > MAX_INLINE_TEMPLATE_BYTES:
        raise DeployError(f"The template has more than {MAX_INLINE_TEMPLATE_BYTES} bytes, CloudFormation's limit")
    return text


def stack_status(cloudformation: Any, stack: str) -> str | None:
    """CloudFormation's status of the stack; None if there is none."""
    found = _describe(cloudformation, stack)
    return found["StackStatus"] if found else None


def stack_outputs(cloudformation: Any, stack: str) -> dict[str, str]:
    """The stack's outputs by name; empty if it has none, or is not there."""
    found = _describe(cloudformation, stack) or {}
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def _describe(cloudformation: Any, stack: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    return found


def _make_change_set(cloudformation: Any, deployment: Deployment, template: str, *, creates: bool) -> str | None:
    """The name of the change set; None if there is nothing to change."""
    name = f"thermik-{new_id()}"
    try:
        cloudformation.create_change_set(
            StackName=deployment.stack,
            ChangeSetName=name,
            ChangeSetType="CREATE" if creates else "UPDATE",
            TemplateBody=template,
            Parameters=_parameters(cloudformation, deployment, creates=creates),
            Capabilities=CAPABILITIES,
        )
    except ClientError as error:
        raise DeployError(f"CloudFormation refused the template: {error.response['Error']['Message']}") from error
    waiter = cloudformation.get_waiter("change_set_create_complete")
    try:
        waiter.wait(StackName=deployment.stack, ChangeSetName=name, WaiterConfig=_patience(deployment))
    except WaiterError as error:
        reason = _change_set_reason(cloudformation, deployment.stack, name)
        if any(text in reason for text in NO_CHANGES):
            cloudformation.delete_change_set(StackName=deployment.stack, ChangeSetName=name)
            return None
        raise DeployError(f"CloudFormation refused the change set: {reason or error}") from error
    return name


def _parameters(cloudformation: Any, deployment: Deployment, *, creates: bool) -> list[dict[str, Any]]:
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in deployment.parameters.items()]
    if creates:
        return given
    # named one by one: what an update does not mention goes back to its default, and what is gone from the template
    # must not be mentioned
    declared = cloudformation.get_template_summary(TemplateBody=deployment.template)["Parameters"]
    in_template = {parameter["ParameterKey"] for parameter in declared}
    stack = _describe(cloudformation, deployment.stack) or {}
    kept = {parameter["ParameterKey"] for parameter in stack.get("Parameters", [])} & in_template
    return given + [
        {"ParameterKey": key, "UsePreviousValue": True} for key in sorted(kept - set(deployment.parameters))
    ]


def _change_set_reason(cloudformation: Any, stack: str, name: str) -> str:
    described = cloudformation.describe_change_set(StackName=stack, ChangeSetName=name)
    return str(described.get("StatusReason", ""))


def _execute(cloudformation: Any, deployment: Deployment, change_set: str, *, creates: bool) -> None:
    cloudformation.execute_change_set(StackName=deployment.stack, ChangeSetName=change_set)
    waiter = cloudformation.get_waiter("stack_create_complete" if creates else "stack_update_complete")
    try:
        waiter.wait(StackName=deployment.stack, WaiterConfig=_patience(deployment))
    except WaiterError as error:
        reasons = _failure_reasons(cloudformation, deployment.stack)
        raise DeployError("\n".join(["CloudFormation could not carry out the changes:", *reasons])) from error


def _failure_reasons(cloudformation: Any, stack: str) -> list[str]:
    """What failed, first things first: later failures are mostly its consequences."""
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    failed = [event for event in events if event.get("ResourceStatus", "").endswith("_FAILED")]
    return [f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', '?')}" for event in reversed(failed)]


def _patience(deployment: Deployment) -> dict[str, float]:
    return {"Delay": deployment.poll_seconds, "MaxAttempts": MAX_POLLS}
