"""The adapters under contract: each test runs on all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from thermik.storage import aws
from thermik.storage.blobs import Blobs
from thermik.storage.dynamodb import DynamoTable
from thermik.storage.dynamodb_schema import table_definition
from thermik.storage.files import FileBlobs
from thermik.storage.s3 import S3Blobs
from thermik.storage.sqlite import SqliteTable
from thermik.storage.table import Table


class SetClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.instant = datetime(2030, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def epoch(self) -> int:
        return int(self.instant.timestamp())

    def move(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


class OneAtATime:
    """A client whose calls are atomic, as AWS's are; moto's are not when threads call them."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = threading.RLock()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not callable(found):
            return found

        def call(*positional: Any, **named: Any) -> Any:
            with self._lock:
                return found(*positional, **named)

        return call


@pytest.fixture
def moto_client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """Makes clients of moto's services, empty for each test."""
    monkeypatch.setattr(aws, "_sessions", [])  # one that was made before moto was imported would reach for AWS
    with mock_aws():
        yield lambda service: OneAtATime(aws.create_client(service))


@pytest.fixture
def dynamodb_table(moto_client: Callable[[str], Any], clock: SetClock) -> DynamoTable:
    client = moto_client("dynamodb")
    client.create_table(TableName="thermik", **table_definition())
    return DynamoTable("thermik", client=client, clock=clock, pause=lambda _: None)


@pytest.fixture(params=["sqlite", "dynamodb"])
def table(request: pytest.FixtureRequest, tmp_path: Path, clock: SetClock) -> Iterator[Table]:
    if request.param == "sqlite":
        adapter: Table = SqliteTable(tmp_path / "thermik.db", clock=clock)
    else:
        adapter = request.getfixturevalue("dynamodb_table")
    yield adapter
    adapter.close()


@pytest.fixture
def s3_blobs(moto_client: Callable[[str], Any]) -> S3Blobs:
    client = moto_client("s3")
    client.create_bucket(Bucket="internal", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return S3Blobs("internal", client=client)


@pytest.fixture(params=["files", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "files":
        return FileBlobs(tmp_path / "internal")
    adapter: Blobs = request.getfixturevalue("s3_blobs")
    return adapter
