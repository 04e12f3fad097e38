"""The example flow on the deployed stack, over its HTTP API: state machines, functions, table and bucket together."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from emulator.stack import Stack
from infra.package import REPOSITORY

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("emulator")]

EXAMPLE = REPOSITORY / "examples" / "orders"
API = "/api/v1/main"
SECONDS = 60


@pytest.fixture(scope="module")
def api(stack: Stack, user: tuple[str, str]) -> requests.Session:
    session = requests.Session()
    session.auth = user
    source = (EXAMPLE / "flow.yaml").read_bytes()
    headers = {"Content-Type": "application/x-yaml"}
    saved = session.post(f"{stack.api_url}{API}/flows", data=source, headers=headers, timeout=SECONDS)
    assert saved.status_code == 200, saved.text
    return session


def _run(stack: Stack, api: requests.Session, **inputs: str) -> dict[str, Any]:
    url = f"{stack.api_url}{API}/executions/examples.shop/orders"
    with (EXAMPLE / "orders.csv").open("rb") as orders:
        files = {"orders": ("orders.csv", orders), **{name: (None, value) for name, value in inputs.items()}}
        answer = api.post(url, params={"wait": "true"}, files=files, timeout=SECONDS)
    assert answer.status_code == 200, answer.text
    execution: dict[str, Any] = answer.json()
    return execution


@pytest.fixture(scope="module")
def execution(stack: Stack, api: requests.Session) -> dict[str, Any]:
    return _run(stack, api)


def test_it_is_healthy_for_everyone(stack: Stack) -> None:
    assert requests.get(f"{stack.api_url}/health", timeout=SECONDS).json() == {"status": "UP"}


def test_without_credentials_it_tells_nothing(stack: Stack, user: tuple[str, str]) -> None:
    url = f"{stack.api_url}{API}/flows/examples.shop/orders"
    assert requests.get(url, timeout=SECONDS).status_code == 401
    assert requests.get(url, auth=(user[0], "wrong"), timeout=SECONDS).status_code == 401
    assert requests.get(url, auth=user, timeout=SECONDS).status_code != 401


def test_the_example_ends_well(execution: dict[str, Any]) -> None:
    assert execution["state"]["current"] == "SUCCESS"
    assert {run["state"]["current"] for run in execution["taskRunList"]} == {"SUCCESS"}
    assert execution["outputs"]


def test_its_files_are_in_the_bucket(stack: Stack, execution: dict[str, Any]) -> None:
    listed = stack.client("s3").list_objects_v2(Bucket=stack.outputs["BucketName"])["Contents"]
    of_execution = [found["Key"] for found in listed if execution["id"] in found["Key"]]
    assert [key for key in of_execution if "/inputs/orders/" in key]
    assert [key for key in of_execution if key.endswith("totals.csv")]


def test_its_items_are_in_the_table(stack: Stack, execution: dict[str, Any]) -> None:
    items = stack.client("dynamodb").scan(TableName=stack.outputs["TableName"])["Items"]
    assert len([item for item in items if execution["id"] in item["pk"]["S"]]) > len(execution["taskRunList"])


def test_its_machine_ended_too(stack: Stack, execution: dict[str, Any]) -> None:
    machines = stack.client("stepfunctions")
    [found] = [
        each
        for machine in machines.list_state_machines()["stateMachines"]
        for each in machines.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
        if each["name"] == execution["id"]
    ]
    assert found["status"] == "SUCCEEDED"


def test_a_failure_runs_the_errors_task(stack: Stack, api: requests.Session) -> None:
    execution = _run(stack, api, broken="true")
    assert execution["state"]["current"] == "FAILED"
    states = {run["taskId"]: run["state"]["current"] for run in execution["taskRunList"]}
    assert states["totals"] == "FAILED"
    assert "SUCCESS" in states.values()


def test_what_is_asked_wrongly_is_refused(stack: Stack, api: requests.Session) -> None:
    missing = api.post(f"{stack.api_url}{API}/executions/examples.shop/nothing", timeout=SECONDS)
    assert missing.status_code == 404
    no_input = api.post(
        f"{stack.api_url}{API}/executions/examples.shop/orders", files={"threshold": (None, "x")}, timeout=SECONDS
    )
    assert no_input.status_code == 422
