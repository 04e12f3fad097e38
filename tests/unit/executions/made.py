"""Task runs and attempts for tests, in a given state, at given seconds after a beginning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from thermik.executions.model import Attempt, Execution, Metadata, TaskRun, Trigger
from thermik.executions.state import State, StateType

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def state(*names: str, begin: float = 0, step: float = 1) -> State:
    """CREATED at `begin`, then these, a step apart."""
    made = State.created(at(begin))
    for number, name in enumerate(names, 1):
        made = made.to(StateType(name), at(begin + number * step))
    return made


def attempt(*names: str, begin: float = 0, step: float = 1) -> Attempt:
    return Attempt(state=state(*names, begin=begin, step=step))


def task_run(*names: str, attempts: tuple[Attempt, ...] | None = None, **changes: Any) -> TaskRun:
    fields: dict[str, Any] = {"id": "run", "execution_id": "execution", "task_id": "task"}
    fields |= {"namespace": "company.team", "flow_id": "sample", "state": state(*names), "attempts": attempts}
    return TaskRun(**(fields | changes))


def execution(*names: str, started_by: str | None = None, **changes: Any) -> Execution:
    trigger = Trigger(id="t", type="x", variables={"executionId": started_by}) if started_by else None
    fields: dict[str, Any] = {"id": "execution", "namespace": "company.team", "flow_id": "sample", "flow_revision": 1}
    fields |= {"state": state(*names), "original_id": "execution", "metadata": Metadata(original_created_date=START)}
    return Execution(**(fields | {"trigger": trigger} | changes))
