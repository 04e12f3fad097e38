"""The machines of the golden flows on our interpreter and on moto, with the same worker: they agree."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from engine.running import Ran, engine, look, run, save
from machines.golden_flows import NAMES, source_of
from machines.moto_fixes import fixed_moto
from thermik.executions.lifecycle import NewExecution, create
from thermik.local.interpreter import SkippingClock
from thermik.machines.step_functions import StepFunctionsMachines
from thermik.settings import AwsSettings
from thermik.worker.worker import Worker

STACK = AwsSettings(
    "table",
    "bucket",
    "arn:aws:lambda:eu-west-1:123456789012:function:worker",
    "arn:aws:iam::123456789012:role/machines",
    "agreement-",
)
PATIENCE = 60.0


def on_moto(data: Path, source: str) -> tuple[str, Ran]:
    """How moto's execution ended, and what the worker recorded."""
    workers: list[Worker] = []
    with engine(data) as runtime, fixed_moto(lambda _function, payload: workers[0].handle(payload)):
        client = boto3.client("stepfunctions")
        machines = StepFunctionsMachines(client, STACK)
        life = replace(runtime.life, machines=machines)
        workers.append(Worker(replace(runtime.worker._ports, life=life)))
        execution = create(life, NewExecution(*save(runtime, source)))
        arn = machines._execution_arn(execution)
        assert arn is not None
        status = _ended(client, arn)
        return status, look(runtime, execution.id)


def _ended(client: Any, arn: str) -> str:
    deadline = time.monotonic() + PATIENCE
    while (status := str(client.describe_execution(executionArn=arn)["status"])) == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return status


@pytest.mark.parametrize("name", NAMES)
def test_moto_runs_a_machine_as_we_do(tmp_path: Path, name: str) -> None:
    with engine(tmp_path / "here", clock=SkippingClock()) as runtime:
        here = run(runtime, source_of(name))
        status_here = runtime.machines.engine.wait(here.id).status.value
    status, there = on_moto(tmp_path / "moto", source_of(name))
    assert status == status_here
    assert there.history == here.history
    assert sorted(there.states().items()) == sorted(here.states().items())
    assert _attempts(there) == _attempts(here)
    assert there.execution.outputs == here.execution.outputs


def _attempts(ran: Ran) -> list[tuple[str, str | None, list[str]]]:
    return sorted(
        (each.task_id, each.value or "", [attempt.state.current.value for attempt in each.attempts or ()])
        for each in ran.task_runs
    )
