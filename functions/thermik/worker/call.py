"""What the state machine asks of the worker, and the errors with which the worker steers the machine.

The payload is ids and integers; `machines/asl.py` writes it. The errors' names are the ones that the machine
catches and retries (`machines/states.py`): Lambda reports an exception by its class's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from thermik.clock import parse_instant
from thermik.executions.model import Scope
from thermik.machines.states import Op, Rider


class Stopped(Exception):
    """The execution may not go on (killed, paused by hand, ended): the machine ends here."""


class TaskFailed(Exception):
    """The task run is not a success: `settle` decides how it goes on."""


class Busy(Exception):
    """Another invocation works on this attempt; its lease has not run out."""


class ExecutionFailed(Exception):
    """The execution ended, and not well: the machine shows it."""


class InvalidCall(Exception):
    """A payload that no machine of Thermik sends."""


@dataclass(frozen=True, slots=True)
class Call:
    """One operation.

    Attributes:
        task_id: the task, empty for operations on the execution.
        scope: the turn of the loop in which it runs.
        generation: which of the execution's machines asks; None where that was started by a Thermik that did not tell.
        entered: when the machine entered the state: the task run's creation.
        error, cause: what ended the invocation that `settle` looks into.
        tries: how often in a row `settle` let an invocation be repeated that had not begun.
        token: what the machine's state waits with, where it waits.
        before, after: operations that ride along.
        deadline: when this invocation will be ended from outside, None where nobody does that.
    """

    op: Op
    execution_id: str
    task_id: str
    scope: Scope | None
    entered: datetime
    error: str | None = None
    cause: str | None = None
    tries: int = 0
    generation: int | None = None
    before: tuple[Rider, ...] = ()
    after: tuple[Rider, ...] = ()
    token: str | None = None
    deadline: datetime | None = None


def read_call(payload: Mapping[str, Any], deadline: datetime | None = None) -> Call:
    """Read a payload of the machine.

    Raises:
        InvalidCall: it is none; the message names the field.
    """
    try:
        context = payload["c"]
        run, turn = context["p"], context["i"]
        return Call(
            op=Op(payload.get("op", Op.RUN)),
            execution_id=_text(context, "x"),
            task_id=_text(payload, "t"),
            scope=Scope(run=run, turn=turn) if run is not None else None,
            entered=parse_instant(_text(payload, "at")),
            error=payload.get("error"),
            cause=payload.get("cause"),
            token=payload.get("token"),
            tries=payload.get("tries", 0),
            generation=context.get("g"),
            before=_riders(payload.get("before", [])),
            after=_riders(payload.get("after", [])),
            deadline=deadline,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidCall(f"no payload of a state machine: {type(error).__name__} {error}") from error


def _text(payload: Mapping[str, Any], field: str) -> str:
    value = payload[field]
    if not isinstance(value, str):
        raise TypeError(f"{field} is no text")
    return value


def _riders(entries: list[Mapping[str, str]]) -> tuple[Rider, ...]:
    return tuple(Rider(entry["op"], entry["t"]) for entry in entries)
