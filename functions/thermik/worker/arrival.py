"""What an invocation finds to do: operations come once, twice, too early, or again after a crash."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum, auto

from thermik.executions.model import TaskRun
from thermik.executions.state import StateType

EARLY = timedelta(seconds=1)
"""A machine waits in whole seconds, and some wake up to one second early: such a call is on time."""


class Arrival(Enum):
    """What there is to do."""

    BEGIN = auto()
    """Nothing was done yet, or another attempt is due."""
    RESUBMIT = auto()
    """An attempt was begun and its worker is gone."""
    ENDED_WELL = auto()
    """The task run has ended; nothing to do."""
    ENDED_BADLY = auto()
    """It has ended as a failure, or waits for its next attempt: for `settle` to say."""
    BUSY = auto()
    """Somebody is at work on it."""


def arrival(run: TaskRun | None, now: datetime, *, held: bool) -> Arrival:
    """Decide, from the task run that was found; `held` tells whether the lease of an attempt may still be."""
    if run is None:
        return Arrival.BEGIN
    match run.state.current:
        case StateType.CREATED | StateType.RESTARTED:
            return Arrival.BEGIN
        case StateType.SUCCESS | StateType.WARNING | StateType.SKIPPED:
            return Arrival.ENDED_WELL
        case StateType.RETRYING:
            due = run.progress.retry_at
            return Arrival.BEGIN if due is None or due <= now + EARLY else Arrival.ENDED_BADLY
        case StateType.RUNNING:
            return Arrival.BUSY if held else Arrival.RESUBMIT
        case _:
            return Arrival.ENDED_BADLY
