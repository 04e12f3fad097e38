"""State machines on Step Functions: made at the first start, started once, stopped, answered; against moto's API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from thermik.clock import SystemClock
from thermik.executions.model import Execution, ExecutionProgress, Metadata
from thermik.executions.state import State
from thermik.machines.asl import WORKER
from thermik.machines.client import MachineGone, MachinesUnavailable
from thermik.machines.compiler import Definition
from thermik.machines.step_functions import StepFunctionsMachines
from thermik.settings import AwsSettings

WORKER_ARN = "arn:aws:lambda:eu-west-1:123456789012:function:demo-worker:live"
STACK = AwsSettings("table", "bucket", WORKER_ARN, "arn:aws:iam::123456789012:role/machines", "demo-")
MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:demo-0123456789abcdef"
RUNNING = f"{MACHINE.replace(':stateMachine:', ':execution:')}:one"

DEFINITION = Definition(
    json.dumps({"StartAt": "a", "States": {"a": {"Type": "Task", "Resource": WORKER, "End": True}}}),
    "0123456789abcdef",
    events=1,
)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr("thermik.machines.step_functions._PAUSE_SECONDS", 0)
    with mock_aws():
        yield boto3.client("stepfunctions")


@pytest.fixture
def machines(client: Any) -> StepFunctionsMachines:
    return StepFunctionsMachines(client, STACK)


def _execution(name: str = "one", machine: str | None = DEFINITION.digest) -> Execution:
    now = SystemClock().now()
    return Execution(
        id=name,
        namespace="n",
        flow_id="f",
        flow_revision=1,
        state=State.created(now),
        original_id=name,
        metadata=Metadata(original_created_date=now),
        progress=ExecutionProgress(machine=machine),
    )


def test_the_first_start_makes_the_machine(client: Any, machines: StepFunctionsMachines) -> None:
    machines.start(_execution(), DEFINITION)
    made = client.describe_state_machine(stateMachineArn=MACHINE)
    assert json.loads(made["definition"])["States"]["a"]["Resource"] == WORKER_ARN
    assert made["roleArn"] == STACK.machine_role_arn
    assert json.loads(client.describe_execution(executionArn=RUNNING)["input"])["c"]["x"] == "one"


def test_a_machine_is_made_once_for_all_its_executions(client: Any, machines: StepFunctionsMachines) -> None:
    for name in ("one", "two"):
        machines.start(_execution(name), DEFINITION)
    assert len(client.list_state_machines()["stateMachines"]) == 1
    assert len(client.list_executions(stateMachineArn=MACHINE)["executions"]) == 2


def test_starting_twice_starts_once(client: Any, machines: StepFunctionsMachines) -> None:
    for _ in range(2):
        machines.start(_execution(), DEFINITION)
    assert len(client.list_executions(stateMachineArn=MACHINE)["executions"]) == 1


def test_stopping_ends_it_and_can_be_repeated(client: Any, machines: StepFunctionsMachines) -> None:
    machines.start(_execution(), DEFINITION)
    for _ in range(2):
        machines.stop(_execution(), "killed")
    assert client.describe_execution(executionArn=RUNNING)["status"] == "ABORTED"


def test_stopping_what_never_started_is_no_error(machines: StepFunctionsMachines) -> None:
    machines.stop(_execution(), "killed")


def test_a_machine_that_was_never_started_or_runs_has_not_ended(client: Any, machines: StepFunctionsMachines) -> None:
    assert not machines.has_ended(_execution())
    machines.start(_execution(), DEFINITION)
    assert not machines.has_ended(_execution())
    machines.stop(_execution(), "killed")
    assert machines.has_ended(_execution())


def test_a_machine_is_found_though_the_flow_compiles_to_another(client: Any, machines: StepFunctionsMachines) -> None:
    machines.start(_execution(), DEFINITION)
    machines.start(_execution(), replace(DEFINITION, digest="another"))
    assert len(client.list_state_machines()["stateMachines"]) == 1
    machines.stop(_execution(), "killed")
    assert client.describe_execution(executionArn=RUNNING)["status"] == "ABORTED"


def test_a_machine_that_is_gone_is_not_replaced_behind_the_executions_back(machines: StepFunctionsMachines) -> None:
    with pytest.raises(MachineGone, match="demo-0123456789abcdef"):
        machines.start(_execution(), replace(DEFINITION, digest="another"))


def test_an_execution_that_was_given_no_machine_has_none(machines: StepFunctionsMachines) -> None:
    bare = _execution(machine=None)
    with pytest.raises(MachineGone):
        machines.start(bare, DEFINITION)
    assert not machines.has_ended(bare)
    machines.stop(bare, "killed")


@pytest.mark.parametrize("status", ["SUCCEEDED", "RUNNING"])
def test_stopping_what_has_ended_is_no_error_even_if_step_functions_says_so(status: str) -> None:
    machines, client = _machines(None)

    def refuses(**_: Any) -> None:
        raise _refusal("ValidationException")

    client.stop_execution = refuses  # type: ignore[attr-defined]
    client.describe_execution = lambda **_: {"status": status}  # type: ignore[attr-defined]
    with pytest.raises(MachinesUnavailable) if status == "RUNNING" else nullcontext():
        machines.stop(_execution(), "restarted")


class _Answers:
    """A client whose every call ends with this error, or with none."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: Any) -> None:
            self.calls.append((operation, arguments))
            if self.error is not None:
                raise self.error

        return call


def _refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Operation")


def _machines(error: Exception | None) -> tuple[StepFunctionsMachines, _Answers]:
    client = _Answers(error)
    return StepFunctionsMachines(client, STACK), client


def test_an_answer_goes_to_its_token() -> None:
    machines, client = _machines(None)
    assert machines.answer(_execution(), "token", {"a": 1})
    assert client.calls == [("send_task_success", {"taskToken": "token", "output": '{"a": 1}'})]


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist"])
def test_a_token_that_nothing_waits_with_is_told(code: str) -> None:
    machines, _ = _machines(_refusal(code))
    assert not machines.answer(_execution(), "token", {})


@pytest.mark.parametrize(
    "error",
    [_refusal("ThrottlingException"), _refusal("AccessDeniedException"), EndpointConnectionError(endpoint_url="x")],
)
def test_what_does_not_work_now_is_told_as_such(error: Exception) -> None:
    machines, _ = _machines(error)
    with pytest.raises(MachinesUnavailable):
        machines.start(_execution(), DEFINITION)
    with pytest.raises(MachinesUnavailable):
        machines.stop(_execution(), "killed")
    with pytest.raises(MachinesUnavailable):
        machines.answer(_execution(), "token", {})


def test_a_machine_that_never_appears_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thermik.machines.step_functions._PAUSE_SECONDS", 0)
    machines, client = _machines(None)

    def missing(**_: Any) -> None:
        raise _refusal("StateMachineDoesNotExist")

    client.start_execution = missing  # type: ignore[attr-defined]
    with pytest.raises(MachinesUnavailable, match="demo-0123456789abcdef"):
        machines.start(_execution(), DEFINITION)
