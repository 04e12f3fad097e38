"""The parts of the deployment that need no CloudFormation; the whole is run by tests/emulator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from infra.deploy import CODE_URI, DeployError, Deployment, deploy, ensure_bucket, upload, with_package


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("s3")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "lambda.zip"
    path.write_bytes(b"package")
    return path


def test_the_package_takes_its_place_in_the_template() -> None:
    template = with_package(f"Globals:\n  {CODE_URI}\n", "bucket", "thermik/1.zip")
    assert template == "Globals:\n  CodeUri: s3://bucket/thermik/1.zip\n"


@pytest.mark.parametrize("template", ["", f"{CODE_URI}\n{CODE_URI}\n"])
def test_a_template_that_names_no_package_or_two_is_refused(template: str) -> None:
    with pytest.raises(DeployError, match="exactly once"):
        with_package(template, "bucket", "key")


def test_a_template_longer_than_cloudformation_takes_is_refused() -> None:
    with pytest.raises(DeployError, match="51200 bytes"):
        with_package(CODE_URI + "\n" + "#" * 51_200, "bucket", "key")


def test_the_bucket_is_made_once_and_closed_to_the_public(s3: Any) -> None:
    ensure_bucket(s3, "packages")
    ensure_bucket(s3, "packages")
    closed = s3.get_public_access_block(Bucket="packages")["PublicAccessBlockConfiguration"]
    assert set(closed.values()) == {True}


def test_a_bucket_of_someone_else_is_named(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadBucket")

    monkeypatch.setattr(s3, "head_bucket", refuse)
    with pytest.raises(DeployError, match=r"packages cannot be used \(403\)"):
        ensure_bucket(s3, "packages")


def test_s3_is_told_whose_the_bucket_must_be(s3: Any, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []
    for name in ("head_bucket", "head_object", "put_object"):
        plain = getattr(s3, name)

        def noted(plain: Any = plain, **given: Any) -> Any:
            asked.append(given.pop("ExpectedBucketOwner", None))
            return plain(**given)

        monkeypatch.setattr(s3, name, noted)

    for _ in range(2):
        ensure_bucket(s3, "packages", "111122223333")
        upload(s3, "packages", archive, "111122223333")

    assert asked == ["111122223333"] * 5  # the second time nothing is sent


def test_the_same_package_is_sent_once(s3: Any, archive: Path) -> None:
    ensure_bucket(s3, "packages")
    key = upload(s3, "packages", archive)
    stored = s3.head_object(Bucket="packages", Key=key)["LastModified"]
    assert upload(s3, "packages", archive) == key
    assert s3.head_object(Bucket="packages", Key=key)["LastModified"] == stored
    archive.write_bytes(b"another")
    assert upload(s3, "packages", archive) != key


class _StuckStack:
    """A CloudFormation with a stack that cannot be changed any more."""

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's spelling
        return {"Stacks": [{"StackStatus": "ROLLBACK_COMPLETE"}]}


def test_a_stack_that_never_came_to_be_must_be_deleted_first(s3: Any, archive: Path) -> None:
    deployment = Deployment("demo", CODE_URI, archive, "packages")
    with pytest.raises(DeployError, match="demo is ROLLBACK_COMPLETE: delete it"):
        deploy(deployment, s3=s3, cloudformation=_StuckStack())
