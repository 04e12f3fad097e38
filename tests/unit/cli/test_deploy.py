"""`thermik deploy`: what it refuses before it begins, and what it hands to CloudFormation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from conftest import REPOSITORY
from infra import deploy as infra_deploy
from infra import package
from thermik.cli.deploy import checkout
from thermik.cli.failures import CommandFailed
from thermik.cli.main import call


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[Any]]:
    """An account, a package that is ready, and what was deployed."""
    archive = tmp_path / "lambda.zip"
    archive.write_bytes(b"package")
    built = package.Package(archive, 7, 7, has_bytecode=True)
    monkeypatch.setattr(package, "build", lambda _target: built)
    deployed: list[Any] = []

    def deploy(deployment: Any, **_: Any) -> dict[str, str]:
        deployed.append(deployment)
        return {"ApiUrl": "https://example.com"}

    monkeypatch.setattr(infra_deploy, "deploy", deploy)
    monkeypatch.setattr("thermik.storage.aws._sessions", [])
    with mock_aws():
        yield deployed


def test_it_deploys_the_checkouts_template_and_prints_the_outputs(
    aws: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(["deploy", "--stack", "demo", "--region", "eu-west-1", "--parameter", "LogLevel=DEBUG"]) == 0
    [deployment] = aws
    assert (deployment.stack, deployment.parameters) == ("demo", {"LogLevel": "DEBUG"})
    assert deployment.template == (REPOSITORY / "template.yaml").read_text()
    assert (deployment.bucket, deployment.owner) == ("thermik-packages-123456789012-eu-west-1", "123456789012")
    assert capsys.readouterr().out.split() == ["ApiUrl", "https://example.com"]


def test_a_bucket_that_somebody_named_may_be_anybodys(aws: list[Any]) -> None:
    assert call(["deploy", "--region", "eu-west-1", "--bucket", "shared-packages"]) == 0
    [deployment] = aws
    assert (deployment.bucket, deployment.owner) == ("shared-packages", None)


def test_what_cloudformation_refuses_is_told(
    aws: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise infra_deploy.DeployError("Bucket: it exists already")

    monkeypatch.setattr(infra_deploy, "deploy", refuse)
    assert call(["deploy", "--region", "eu-west-1"]) == 1
    assert "thermik: Bucket: it exists already" in capsys.readouterr().err


def test_without_credentials_it_says_so_before_any_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setattr("thermik.storage.aws._sessions", [])
    assert call(["deploy", "--region", "eu-west-1"]) == 1
    assert "the credentials are missing" in capsys.readouterr().err


def test_without_a_region_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    monkeypatch.setattr("thermik.storage.aws._sessions", [])
    assert call(["deploy"]) == 1
    assert "AWS_REGION" in capsys.readouterr().err


def test_an_installation_without_a_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match=r"needs a checkout of Thermik, and .* has no template\.yaml"):
        checkout(tmp_path)


def test_a_parameter_without_a_value_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["deploy", "--parameter", "LogLevel"]) == 2
    assert "NAME=VALUE" in capsys.readouterr().err


@pytest.mark.usefixtures("aws")
def test_each_step_is_told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(infra_deploy, "deploy", lambda *_, tell, **__: tell("Creating the stack") or {})
    assert call(["deploy", "--region", "eu-west-1"]) == 0
    assert capsys.readouterr().err.splitlines() == ["Building the package …", "Creating the stack …"]
