"""Carrying out a task once: from a rendered `runIf` to a result, whatever the task does.

The result is a value (`Result`); what becomes of the task run is decided from it, and written, elsewhere.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from thermik.executions.model import Metric
from thermik.executions.state import StateType
from thermik.tasks.runnable import Level, Outputs, RunnableTask, TaskFailure, TaskLog
from thermik.turns import out_of_turn
from thermik.worker.context import AttemptContext
from thermik.worker.interrupt import Interruption, Reason


@dataclass(frozen=True, slots=True)
class Result:
    """How an attempt ended.

    Attributes:
        state: SUCCESS, WARNING, FAILED or KILLED; CANCELLED, if the task says so.
        outputs: what it leaves behind; a failed attempt may, too.
        log_file: the URI of its log, where that is a file.
        is_decided: the task chose the state itself, so a FAILED one is not tried again.
    """

    state: StateType
    outputs: dict[str, Any] = field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()
    log_file: str | None = None
    is_decided: bool = False


def carry_out(
    task: RunnableTask,
    context: AttemptContext,
    interruption: Interruption,
    timeout: timedelta | None,
    invocation: timedelta | None = None,
) -> Result:
    """Run a task; every exception becomes a failed attempt with its message, and its trace, in the log.

    Args:
        invocation: what is left of the invocation, if that is over before the task's own time.
    """
    try:
        returned = _run(task, context)
    except Exception as error:  # noqa: BLE001 - a task type's own defect must not take the worker down
        state, outputs = _failure(error, context.log, interruption, overdue(timeout, invocation))
        return Result(state, outputs, tuple(context.metrics))
    state, outputs = _success(returned)
    return Result(state, outputs, tuple(context.metrics), is_decided=isinstance(returned, Outputs))


def _run(task: RunnableTask, context: AttemptContext) -> Mapping[str, Any] | Outputs | None:
    if not task.waits:
        return task.run(context)
    with out_of_turn():
        return task.run(context)


def _success(returned: Mapping[str, Any] | Outputs | None) -> tuple[StateType, dict[str, Any]]:
    if isinstance(returned, Outputs):
        state = StateType.WARNING if returned.warning else StateType(returned.ends_as or StateType.SUCCESS)
        return state, dict(returned.values)
    return StateType.SUCCESS, dict(returned or {})


def _failure(
    error: Exception, log: TaskLog, interruption: Interruption, too_late: str
) -> tuple[StateType, dict[str, Any]]:
    outputs = error.outputs if isinstance(error, TaskFailure) else {}
    if interruption.reason is Reason.KILLED:
        return StateType.KILLED, outputs
    if interruption.reason is Reason.TIMEOUT:
        log_failure(log, too_late, f"{too_late}\n{_trace(error)}")
    elif not (isinstance(error, TaskFailure) and error.logged):
        log_failure(log, str(error) or type(error).__name__, _trace(error))
    return StateType.FAILED, outputs


def overdue(timeout: timedelta | None, invocation: timedelta | None) -> str:
    """What is told of an attempt that ran too long: for its own time-out, or for its invocation, over sooner."""
    if invocation is None:
        return f"Timeout after {clock_text(timeout or timedelta())}"
    own = f"; its timeout of {clock_text(timeout)} cannot be met here" if timeout is not None else ""
    limit = "on AWS a task has one invocation of the worker, of 15 minutes at the most"
    return f"Timeout after {clock_text(invocation)}: {limit}{own}"


def log_failure(log: TaskLog, message: str, trace: str) -> None:
    """The two entries of a failure: the message at ERROR, where it came from at TRACE."""
    log.log(Level.ERROR, message)
    log.log(Level.TRACE, trace)


def _trace(error: Exception) -> str:
    return "".join(traceback.format_exception(error))


def clock_text(duration: timedelta) -> str:
    """A duration as `00:00:01.500`."""
    millis = duration // timedelta(milliseconds=1)
    seconds, millis = divmod(millis, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}.{millis:03d}"


def remaining(deadline: datetime | None, now: datetime, timeout: timedelta | None) -> float | None:
    """Seconds until the attempt must stop: its time-out or the end of the invocation, the sooner; None: never."""
    limits = [timeout.total_seconds()] if timeout is not None else []
    if deadline is not None:
        limits.append((deadline - now).total_seconds())
    return max(0.0, min(limits)) if limits else None
