"""A runtime whose clock is set by the test; executions run, and nothing looks after triggers by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from thermik.executions.lifecycle import NewExecution, create
from thermik.executions.model import Execution
from thermik.executions.pausing import resume
from thermik.executions.state import StateType
from thermik.flows.validation import parse_flow
from thermik.local.runtime import Runtime
from thermik.machines.client import machine_name
from thermik.storage import schema
from thermik.storage.table import Index
from thermik.triggers.states import Name, TriggerState

NAMESPACE = "unit.triggers"
START = datetime(2026, 3, 2, 8, 0, 30, tzinfo=UTC)
SECONDS = 20


class SetClock:
    """Stands still, but for a microsecond a look."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        self._now += timedelta(microseconds=1)
        return self._now

    def set(self, text: str) -> None:
        self._now = datetime.fromisoformat(text)


class World:
    """The runtime and what tests do with it."""

    def __init__(self, data: Path) -> None:
        self.clock = SetClock(START)
        self.runtime = Runtime(data, clock=self.clock)

    @property
    def schedules(self) -> Any:
        return self.runtime.hub.schedules

    def save(self, source: str) -> None:
        self.runtime.flows.save(parse_flow(source, self.runtime.types, self.runtime.triggers))

    def flow(
        self, name: str, body: str = "", task: str = "{type: io.kestra.plugin.core.debug.Return, format: x}"
    ) -> None:
        self.save(f"id: {name}\nnamespace: {NAMESPACE}\n{body}\ntasks:\n  - {{id: only, {task[1:]}\n")

    def run(self, name: str, **given: Any) -> Execution:
        """Start an execution, and wait for its end and for what its end sets going."""
        revision = self.runtime.flows.latest_revision(NAMESPACE, name)
        execution = create(self.runtime.life, NewExecution(NAMESPACE, name, revision, **given))
        if not execution.state.is_terminal:
            self.runtime.machines.engine.wait(machine_name(execution), timeout=SECONDS)
        return self.end(execution.id)

    def resumed(self, name: str) -> Execution:
        """Start an execution that pauses, resume it, and wait for its end."""
        revision = self.runtime.flows.latest_revision(NAMESPACE, name)
        execution = create(self.runtime.life, NewExecution(NAMESPACE, name, revision))
        deadline = time.monotonic() + SECONDS
        while self.runtime.life.executions.execution(execution.id).value.state.current != StateType.PAUSED:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        resume(self.runtime.life, execution.id)
        self.runtime.machines.engine.wait(machine_name(execution), timeout=SECONDS)
        return self.end(execution.id)

    def end(self, execution_id: str) -> Execution:
        """The execution once it has ended."""
        deadline = time.monotonic() + SECONDS
        while not (found := self.runtime.life.executions.execution(execution_id).value).state.is_terminal:
            assert time.monotonic() < deadline, found.state.current
            time.sleep(0.005)
        return found

    def executions(self, name: str) -> list[Execution]:
        """Of a flow, oldest first, ended."""
        page = self.runtime.table.query(schema.flow_partition(NAMESPACE, name), index=Index.FIRST, limit=1000)
        return [self.end(record.body["id"]) for record in page.records]

    def dates(self, name: str) -> list[str]:
        """The dates for which a flow was executed."""
        return sorted(each.trigger.variables["date"] for each in self.executions(name) if each.trigger)

    def state(self, flow: str, trigger: str = "tick") -> TriggerState:
        found = self.schedules.states.get(Name(NAMESPACE, flow, trigger))
        assert found is not None
        return found.state

    def tick(self, until: str) -> None:
        """Let it be another time, and tend what is due, again after each execution that a trigger waits for."""
        self.clock.set(until)
        for _ in range(100):
            self.schedules.tend_all()
            waiting = [each.state.execution for each in self.schedules.states.waiting()]
            for execution_id in waiting:
                self.end(execution_id)
            self.settle()
            due = self.schedules.states.next_due()
            if due is None or due > self.clock.now():
                return
        raise AssertionError("it never ends")

    def settle(self) -> None:
        """Wait until no trigger waits for an execution that has ended."""
        deadline = time.monotonic() + SECONDS
        while any(True for _ in self.schedules.states.waiting()):
            assert time.monotonic() < deadline
            time.sleep(0.002)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.runtime.close(5)
