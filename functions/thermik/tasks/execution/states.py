"""States of executions as tasks name them in lists."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from thermik.tasks.runnable import RunContext, TaskFailure
from thermik.tasks.structured import rendered_list


class ExecutionState(StrEnum):
    """What an execution can be."""

    CREATED = "CREATED"
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    RETRYING = "RETRYING"
    RESTARTED = "RESTARTED"
    KILLING = "KILLING"
    SUCCESS = "SUCCESS"
    WARNING = "WARNING"
    FAILED = "FAILED"
    KILLED = "KILLED"
    CANCELLED = "CANCELLED"
    RETRIED = "RETRIED"
    SKIPPED = "SKIPPED"


def rendered_states(context: RunContext, states: Any) -> frozenset[str] | None:
    """The states of a list; None, which means all, where it is empty. Raises: TaskFailure: one is none."""
    named = frozenset(rendered_list(context, "states", states))
    unknown = sorted(named - frozenset(ExecutionState))
    if unknown:
        raise TaskFailure(f"states: '{unknown[0]}' is none of {', '.join(ExecutionState)}")
    return named or None
