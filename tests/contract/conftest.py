"""The adapters under contract: each test runs on all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from contract.adapters import OneAtATime, SetClock
from thermik.identity import new_id
from thermik.storage import aws
from thermik.storage.blobs import Blobs
from thermik.storage.dynamodb import DynamoTable
from thermik.storage.dynamodb_schema import table_definition
from thermik.storage.files import FileBlobs
from thermik.storage.s3 import S3Blobs
from thermik.storage.sqlite import SqliteTable
from thermik.storage.table import Table


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(scope="module")
def moto_client() -> Iterator[Callable[[str], Any]]:
    """Makes clients of moto's services. They stay for a module, because making them takes longer than most tests."""
    clients: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patched, mock_aws():
        patched.setattr(aws, "_sessions", [])  # one that was made before moto was imported would reach for AWS

        def client(service: str) -> Any:
            if service not in clients:
                clients[service] = OneAtATime(aws.create_client(service))
            return clients[service]

        yield client


@pytest.fixture
def dynamodb_table(moto_client: Callable[[str], Any], clock: SetClock) -> DynamoTable:
    client = moto_client("dynamodb")
    name = f"thermik-{new_id()}"
    client.create_table(TableName=name, **table_definition())
    return DynamoTable(name, client=client, clock=clock, pause=lambda _: None)


@pytest.fixture
def s3_blobs(moto_client: Callable[[str], Any]) -> S3Blobs:
    client = moto_client("s3")
    name = f"internal-{new_id().lower()}"
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return S3Blobs(name, client=client)


@pytest.fixture(params=["sqlite", "dynamodb"])
def table(request: pytest.FixtureRequest, tmp_path: Path, clock: SetClock) -> Iterator[Table]:
    if request.param == "sqlite":
        adapter: Table = SqliteTable(tmp_path / "thermik.db", clock=clock)
    else:
        adapter = request.getfixturevalue("dynamodb_table")
    yield adapter
    adapter.close()


@pytest.fixture(params=["files", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "files":
        return FileBlobs(tmp_path / "internal")
    adapter: Blobs = request.getfixturevalue("s3_blobs")
    return adapter
