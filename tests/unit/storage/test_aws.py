from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from thermik.storage import aws
from thermik.storage.errors import Unavailable
from thermik.storage.s3 import S3Blobs

FUNCTIONS = Path(__file__).resolve().parents[3] / "functions"


def test_the_region_comes_from_the_environment_as_lambda_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "_sessions", [])
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    assert aws.create_client("dynamodb").meta.region_name == "eu-north-1"
    assert aws.create_client("dynamodb", region="us-west-2").meta.region_name == "us-west-2"


def test_without_a_region_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "_sessions", [])
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(Unavailable, match="AWS dynamodb cannot be used: no region is set: set AWS_REGION"):
        aws.create_client("dynamodb")


def test_an_endpoint_that_is_no_url_is_named() -> None:
    with pytest.raises(Unavailable, match="the endpoint is no URL"):
        aws.create_client("s3", endpoint_url="nonsense")


def test_upload_forms_are_signed_as_every_region_takes_them() -> None:
    client = aws.create_client("s3", region="eu-central-1")
    form = S3Blobs("a-bucket", client=client).upload_url("key", expires_seconds=60, max_bytes=10)
    assert form is not None
    fields = form["fields"]
    assert isinstance(fields, dict)
    assert fields["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
    assert "/eu-central-1/s3/" in fields["x-amz-credential"]
    assert form["url"] == "https://a-bucket.s3.eu-central-1.amazonaws.com/"


def test_an_emulator_gets_the_bucket_in_the_path() -> None:
    client = aws.create_client("s3", endpoint_url="http://127.0.0.1:4566")
    form = S3Blobs("a-bucket", client=client).upload_url("key", expires_seconds=60, max_bytes=10)
    assert form is not None
    assert form["url"] == "http://127.0.0.1:4566/a-bucket"


def test_nothing_of_aws_is_imported_before_a_client_is_made() -> None:
    modules = "aws, dynamodb, dynamodb_schema, files, internal, s3, sqlite"
    script = f"import sys; sys.path.insert(0, sys.argv[1]); from thermik.storage import {modules}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script, str(FUNCTIONS)], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "thermik" in loaded
    assert not loaded & {"boto3", "botocore", "pydantic", "urllib3"}
