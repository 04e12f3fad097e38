"""A stack of `template.yaml` on an emulator of AWS, deployed once for all tests of this folder."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import ministack
from emulator.stack import Stack, client
from infra.deploy import Deployment, deploy
from infra.environments import environment
from infra.interpreters import find_python, python_version
from infra.package import LAMBDA_PYTHON, REPOSITORY, Target, build_own, install_dependencies

STACK = "thermik-test"
PACKAGES = "packages"


@pytest.fixture(scope="session")
def emulator_python() -> Path:
    """The emulator's environment has Lambda's own Python where the machine has it, for functions run under it."""
    python = find_python(LAMBDA_PYTHON) or Path(sys.executable)
    return environment(REPOSITORY / "requirements" / "emulator.lock", python)


@pytest.fixture(scope="session")
def target(emulator_python: Path) -> Target:
    """Wheels and bytecode for this machine: the emulator runs functions here, not on arm64."""
    python = emulator_python / "bin" / "python"
    version = python_version(python)
    assert version is not None
    return Target(version, python, python)


@pytest.fixture(scope="session")
def endpoint(emulator_python: Path, target: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("ministack")
    with ministack.running(emulator_python, folder, install_dependencies(target)) as address:
        yield address


@pytest.fixture(scope="session")
def archive(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package without its dependencies, which the functions find beside it (see `ministack.py`)."""
    return build_own(target, tmp_path_factory.mktemp("package") / "lambda.zip")


@pytest.fixture(scope="session")
def stack(endpoint: str, archive: Path) -> Stack:
    template = (REPOSITORY / "template.yaml").read_text()
    deployment = Deployment(STACK, template, archive, PACKAGES, poll_seconds=0.1)
    outputs = deploy(deployment, s3=client(endpoint, "s3"), cloudformation=client(endpoint, "cloudformation"))
    # the emulator speaks HTTP and enforces the policy that refuses what is not TLS
    client(endpoint, "s3").delete_bucket_policy(Bucket=outputs["BucketName"])
    _allow_schedules(client(endpoint, "iam"))
    return Stack(endpoint, ministack.api_url(endpoint, outputs["ApiId"]), outputs, deployment)


def _allow_schedules(iam: Any) -> None:
    """The emulator asks for permission as if every schedule were in the group `default`; AWS names its own."""
    allowed = {"Effect": "Allow", "Action": "scheduler:*", "Resource": "arn:aws:scheduler:*:*:schedule/default/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    for role in iam.list_roles()["Roles"]:
        if any(name in role["RoleName"] for name in ("ApiRole", "WorkerRole", "EventsRole")):
            iam.put_role_policy(RoleName=role["RoleName"], PolicyName="default-group", PolicyDocument=document)


@pytest.fixture(scope="session")
def user(stack: Stack) -> tuple[str, str]:
    """The credentials that were made with the stack."""
    secret = stack.client("secretsmanager").get_secret_value(SecretId=stack.outputs["ApiSecretArn"])
    credentials = json.loads(secret["SecretString"])
    return credentials["username"], credentials["password"]
