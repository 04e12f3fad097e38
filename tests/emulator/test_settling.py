"""What no operation of Thermik sees on the deployed stack: a machine stopped by hand, an event that was lost."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from emulator.stack import Stack
from flows.thermik_server import SECONDS, Server
from thermik.storage import schema
from thermik.storage.dynamodb import DynamoTable
from thermik.storage.table import Put

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("emulator")]

WAITING = """\
id: stopped
namespace: emulator.settling
tasks:
  - {id: wait, type: io.kestra.plugin.core.flow.Pause, pauseDuration: PT1H}
  - {id: never, type: io.kestra.plugin.core.debug.Return, format: never}
errors:
  - {id: nor_this, type: io.kestra.plugin.core.debug.Return, format: nor this}
afterExecution:
  - {id: afterwards, type: io.kestra.plugin.core.debug.Return, format: afterwards}
"""
LONGER_THAN_GRACE = timedelta(minutes=10)


@pytest.fixture
def server(stack: Stack, user: tuple[str, str]) -> Iterator[Server]:
    with requests.Session() as session:
        session.auth = user
        yield Server(stack.api_url, None, session)  # type: ignore[arg-type]


def waiting(server: Server) -> str:
    """An execution whose machine waits."""
    server.call("POST", "/flows", data=WAITING, headers={"Content-Type": "application/x-yaml"})
    return str(server.until(server.start("emulator.settling", "stopped")["id"], {"PAUSED"})["id"])


def stop(stack: Stack, execution_id: str) -> None:
    """What somebody does in the console."""
    machines = stack.client("stepfunctions")
    for machine in machines.list_state_machines()["stateMachines"]:
        for found in machines.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]:
            if found["name"] == execution_id:
                machines.stop_execution(executionArn=found["executionArn"], error="ByHand", cause="by hand")
                return
    raise AssertionError(f"{execution_id} has no machine")


def check_settled(server: Server, execution_id: str) -> None:
    """It has failed with what waited, only what comes after every end has run, and the log says why."""
    server.until(execution_id, {"FAILED"})
    deadline = time.monotonic() + SECONDS
    while (states := states_of(ended := server.json("GET", f"/executions/{execution_id}"))).get(
        "afterwards"
    ) != "SUCCESS":
        assert time.monotonic() < deadline, states
        time.sleep(0.1)
    assert states == {"wait": "FAILED", "afterwards": "SUCCESS"}
    assert [entry["state"] for entry in ended["state"]["histories"]] == ["CREATED", "RUNNING", "PAUSED", "FAILED"]
    logged = server.json("GET", f"/logs/{execution_id}")
    assert any("ended without finishing the execution" in entry["message"] for entry in logged)


def states_of(execution: Mapping[str, Any]) -> dict[str, str]:
    return {run["taskId"]: run["state"]["current"] for run in execution["taskRunList"]}


@contextmanager
def deaf(stack: Stack) -> Iterator[None]:
    """Nobody hears of machines that end."""
    events = stack.client("events")
    [rule] = [each["Name"] for each in events.list_rules()["Rules"] if "aws.states" in each.get("EventPattern", "")]
    events.disable_rule(Name=rule)
    try:
        yield
    finally:
        events.enable_rule(Name=rule)


def make_older(stack: Stack, execution_id: str) -> None:
    """Date an execution back, so that the sweep does not leave it to whoever may be changing it."""
    table = DynamoTable(stack.outputs["TableName"], client=stack.client("dynamodb"))
    [record] = table.get([schema.execution(execution_id)])
    assert record is not None
    state: dict[str, Any] = record.body["state"]
    histories = [{**entry, "date": _earlier(entry["date"])} for entry in state["histories"]]
    table.write(Put(replace(record, body={**record.body, "state": {**state, "histories": histories}})))


def _earlier(date: str) -> str:
    return (datetime.fromisoformat(date) - LONGER_THAN_GRACE).isoformat().replace("+00:00", "Z")


def test_a_machine_that_is_stopped_by_hand_ends_its_execution(stack: Stack, server: Server) -> None:
    execution_id = waiting(server)
    stop(stack, execution_id)
    check_settled(server, execution_id)


def test_the_sweep_finds_what_no_event_told(stack: Stack, server: Server) -> None:
    with deaf(stack):
        execution_id = waiting(server)
        stop(stack, execution_id)
        make_older(stack, execution_id)
        assert server.json("GET", f"/executions/{execution_id}")["state"]["current"] == "PAUSED"
        events = stack.client("events")
        [rule] = [each for each in events.list_rules()["Rules"] if each.get("ScheduleExpression")]
        [target] = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        scheduled = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
        answer = stack.client("lambda").invoke(FunctionName=target["Arn"], Payload=json.dumps(scheduled))
        assert "FunctionError" not in answer, answer["Payload"].read()
        check_settled(server, execution_id)
