"""What the engine tells about an execution."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from thermik.records import record


class Status(StrEnum):
    """Step Functions' execution statuses; all but RUNNING are final."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    ABORTED = "ABORTED"
    TIMED_OUT = "TIMED_OUT"


@record
class ExecutionStatus:
    """An execution at one moment.

    `output` is there when it SUCCEEDED, `error` and `cause` may be when it did not. `transitions` counts states
    entered, retries included, as AWS bills them; `events` the history events that AWS would have written.
    """

    name: str
    status: Status
    started: datetime
    ended: datetime | None = None
    output: Any = None
    error: str | None = None
    cause: str | None = None
    transitions: int = 0
    events: int = 0


@record
class StateEntered:
    """A line of an execution's trace. `path`: the places in the enclosing Parallel and Map states."""

    state: str
    entered: datetime
    path: tuple[int, ...]
    retry: int
