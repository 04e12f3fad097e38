"""The sweep: what a crash left behind goes on, what is on its way is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from thermik.clock import SystemClock
from thermik.executions.life import Life
from thermik.executions.model import Execution, ExecutionProgress, Metadata
from thermik.executions.plans import KeptPlans
from thermik.executions.repository import Executions, Versioned
from thermik.executions.state import State, StateType
from thermik.executions.sweep import GRACE, sweep
from thermik.flows.repository import FlowNotFound, Flows
from thermik.flows.validation import parse_flow
from thermik.machines.client import MachineGone, MachinesUnavailable
from thermik.machines.compiler import Definition
from thermik.storage.files import FileBlobs
from thermik.storage.sqlite import SqliteTable
from thermik.tasks.registry import Registry

_S = StateType
FLOW = "id: f\nnamespace: n\ntasks:\n  - {id: a, type: io.kestra.plugin.core.debug.Return, format: a}\n"


class _Machines:
    """Machines that only take note."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.stopped: list[str] = []
        self.unavailable: set[str] = set()
        self.gone: set[str | None] = set()

    def owner(self, of: Execution | None = None) -> str | None:
        return None

    def start(self, execution: Execution, definition: Definition, at: datetime | None = None) -> None:
        if execution.id in self.unavailable:
            raise MachinesUnavailable("not now")
        if execution.progress.machine in self.gone:
            raise MachineGone(execution.id)
        self.started.append(execution.id)

    def stop(self, execution: Execution, cause: str) -> None:
        self.stopped.append(execution.id)

    def answer(self, execution: Execution, token: str, output: dict[str, Any]) -> bool:
        return False


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    clock = SystemClock()
    table = SqliteTable(tmp_path / "thermik.db", clock=clock)
    types = Registry()
    flows = Flows(table, FileBlobs(tmp_path / "storage"), types, clock)
    flows.save(parse_flow(FLOW, types))
    plans = KeptPlans(lambda *revision: flows.load(*revision).flow, flows.latest_revision)
    yield Life(Executions(table), _Machines(), plans, clock)
    table.close()


@pytest.fixture
def long_ago(life: Life) -> datetime:
    return life.clock.now() - 2 * GRACE


def _write(life: Life, name: str, at: datetime, *states: StateType, flow: str = "f", machine: str = "0") -> None:
    state = State.created(at)
    for each in states:
        state = state.to(each, at)
    execution = Execution(
        id=name,
        namespace="n",
        flow_id=flow,
        flow_revision=1,
        state=state,
        original_id=name,
        metadata=Metadata(original_created_date=at),
        progress=ExecutionProgress(machine=machine),
    )
    life.executions.write(Versioned(execution))


def _state(life: Life, name: str) -> StateType:
    return life.executions.execution(name).value.state.current


def _runs(_: Execution) -> bool:
    return False


def _over(_: Execution) -> bool:
    return True


@pytest.mark.parametrize("states", [(), (_S.RUNNING,)], ids=["created", "running"])
def test_an_execution_without_a_machine_gets_one(life: Life, long_ago: datetime, states: tuple[StateType, ...]) -> None:
    _write(life, "lost", long_ago, *states)
    assert sweep(life, _runs) == 0
    assert life.machines.started == ["lost"]


@pytest.mark.parametrize("states", [(), (_S.RUNNING,)], ids=["created", "running"])
def test_an_execution_whose_machine_is_over_is_ended(
    life: Life, long_ago: datetime, states: tuple[StateType, ...]
) -> None:
    _write(life, "over", long_ago, *states)
    assert sweep(life, _over) == 0
    assert _state(life, "over") == _S.FAILED
    assert life.machines.started == []


def test_a_machine_that_may_run_is_the_only_one(life: Life, long_ago: datetime) -> None:
    _write(life, "lost", long_ago, _S.RUNNING, machine="of-yesterday")
    sweep(life, _runs)
    assert life.executions.execution("lost").value.progress.machine == "of-yesterday"


def test_an_execution_whose_machine_is_gone_gets_another(life: Life, long_ago: datetime) -> None:
    life.machines.gone.add("of-yesterday")
    _write(life, "lost", long_ago, _S.RUNNING, machine="of-yesterday")
    assert sweep(life, _runs) == 0
    assert life.machines.started == ["lost"]
    plan = life.plans.plan("n", "f", 1)
    assert life.executions.execution("lost").value.progress.machine == plan.definition.digest


def test_a_kill_that_was_cut_short_is_carried_out(life: Life, long_ago: datetime) -> None:
    _write(life, "killing", long_ago, _S.RUNNING, _S.KILLING)
    sweep(life, _runs)
    assert life.machines.stopped == ["killing"]
    assert _state(life, "killing") == _S.KILLED


def test_one_that_waits_for_a_slot_goes_on_waiting(life: Life, long_ago: datetime) -> None:
    _write(life, "queued", long_ago, _S.QUEUED)
    sweep(life, _runs)
    assert life.machines.started == []


def test_what_ended_or_just_changed_is_left_alone(life: Life, long_ago: datetime) -> None:
    _write(life, "ended", long_ago, _S.RUNNING, _S.SUCCESS)
    _write(life, "new", life.clock.now() - GRACE + timedelta(seconds=30))
    assert sweep(life, _over) == 0
    assert (_state(life, "ended"), _state(life, "new")) == (_S.SUCCESS, _S.CREATED)


def test_one_that_cannot_go_on_does_not_hold_up_the_others(
    life: Life, long_ago: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    _write(life, "one", long_ago)
    _write(life, "two", long_ago)
    _write(life, "orphan", long_ago, flow="gone")
    life.machines.unavailable.add("one")
    assert sweep(life, _runs) == 2
    assert life.machines.started == ["two"]
    assert {type(record.exc_info[1]) for record in caplog.records if record.exc_info} == {
        MachinesUnavailable,
        FlowNotFound,
    }
