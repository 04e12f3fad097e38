"""An API over a table and files in a temporary directory; nothing runs, so executions stay as they were created."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from thermik.api.application import Api, Call
from thermik.api.auth import Credentials
from thermik.api.services import Services
from thermik.clock import SystemClock
from thermik.executions.life import Life
from thermik.executions.plans import KeptPlans
from thermik.executions.repository import Executions
from thermik.flows.repository import Flows
from thermik.storage.files import FileBlobs
from thermik.storage.sqlite import SqliteTable
from thermik.tasks.registry import Registry

FLOW = """\
id: {name}
namespace: unit.api
tasks:
  - {{id: say, type: io.kestra.plugin.core.debug.Return, format: hello}}
"""


class NoMachines:
    """Machines that are started and never run."""

    def owner(self, of: Any = None) -> None:
        return None

    def start(self, execution: Any, definition: Any, *more: Any) -> None:
        pass

    def stop(self, execution: Any, cause: str) -> None:
        pass

    def answer(self, *_given: Any) -> bool:
        return False


class Caller:
    """Calls an API as API Gateway would."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.services = api.services

    def call(
        self, method: str, path: str, body: str = "", query: str = "", headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": query,
            "headers": headers or {},
            "requestContext": {"http": {"method": method, "path": path}, "stage": "$default"},
            "body": body,
            "isBase64Encoded": False,
        }
        result = self.api.resolve(event, Call())
        return result["statusCode"], json.loads(result["body"]) if result.get("body") else None

    def save(self, name: str) -> None:
        """Save a flow of this name."""
        status, answer = self.call("POST", "/api/v1/main/flows", FLOW.format(name=name))
        assert status == 200, answer


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    clock = SystemClock()
    table = SqliteTable(tmp_path / "t.db", clock=clock)
    blobs = FileBlobs(tmp_path / "blobs")
    types = Registry()
    flows = Flows(table, blobs, types, clock)
    plans = KeptPlans(lambda *name: flows.load(*name).flow, flows.latest_revision)
    life = Life(Executions(table), NoMachines(), plans, clock)
    yield Services(life=life, flows=flows, types=types, blobs=blobs)
    table.close()


@pytest.fixture
def caller(services: Services) -> Caller:
    return Caller(Api(services, None))


@pytest.fixture
def guarded(services: Services) -> Caller:
    return Caller(Api(services, Credentials("ada", "secret", "token")))
