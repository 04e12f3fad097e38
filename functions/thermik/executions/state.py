"""The states of executions, task runs and attempts, and which may follow which.

A state is the current type and the history of all that it was. Everything that changes a state goes
through `State.to`, and `LEGAL` is the one table of what may follow; so no code path can revive what is
final by accident. (Kestra's states: https://kestra.io/docs/workflow-components/states)
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer, model_serializer
from pydantic.alias_generators import to_camel

from thermik.clock import instant_text
from thermik.durations import duration_text

Instant = Annotated[datetime, PlainSerializer(instant_text, return_type=str)]
"""An aware date in UTC, written with six decimals and `Z`."""


class StateType(StrEnum):
    """What an execution, a task run or an attempt can be."""

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
    RESUBMITTED = "RESUBMITTED"
    SKIPPED = "SKIPPED"


_S = StateType

TERMINAL = frozenset(
    {_S.SUCCESS, _S.WARNING, _S.FAILED, _S.KILLED, _S.CANCELLED, _S.RETRIED, _S.RESUBMITTED, _S.SKIPPED}
)
"""Nothing follows by itself; only a user's action (restart, change of state) leads on."""

_ENDS = TERMINAL - {_S.SKIPPED, _S.RESUBMITTED}
_REVIVED = frozenset({_S.RESTARTED, _S.RUNNING}) | _ENDS

LEGAL: dict[StateType, frozenset[StateType]] = {
    # WARNING and SUCCESS: a task whose `runIf` cannot be rendered, and that may fail, or warn
    _S.CREATED: frozenset(
        {_S.RUNNING, _S.QUEUED, _S.SKIPPED, _S.KILLING, _S.KILLED, _S.CANCELLED, _S.FAILED, _S.PAUSED}
        | {_S.WARNING, _S.SUCCESS}
    ),
    _S.QUEUED: frozenset({_S.RUNNING, _S.KILLING, _S.KILLED, _S.CANCELLED, _S.FAILED}),
    _S.RUNNING: frozenset({_S.PAUSED, _S.RETRYING, _S.KILLING, _S.RESTARTED, _S.CREATED, _S.RESUBMITTED}) | _ENDS,
    _S.PAUSED: frozenset({_S.RUNNING, _S.RESTARTED, _S.KILLING}) | _ENDS,
    _S.RETRYING: frozenset({_S.CREATED, _S.RUNNING, _S.KILLING, _S.RESTARTED}) | _ENDS,
    _S.RESTARTED: frozenset({_S.RUNNING, _S.QUEUED, _S.KILLING, _S.SKIPPED}) | _ENDS,
    _S.KILLING: frozenset({_S.KILLED}) | _ENDS,
    # From here on the state is final: what follows is a user's restart, replay or change of state, a retry
    # (FAILED, RETRYING in one write), or the rendering of the flow's outputs that fails after SUCCESS.
    _S.SUCCESS: _REVIVED,
    _S.WARNING: _REVIVED,
    _S.FAILED: _REVIVED | {_S.RETRYING},
    _S.KILLED: _REVIVED,
    _S.CANCELLED: _REVIVED,
    _S.RETRIED: _REVIVED,
    _S.RESUBMITTED: frozenset(),
    _S.SKIPPED: _REVIVED,
}
"""What may follow a state. Kestra's own runs pass these; the semantics are tested against it."""


class IllegalTransition(Exception):
    """A state was to follow that may not."""


def _aware(date: datetime) -> datetime:
    if date.tzinfo is None:
        raise ValueError("a state's date needs an offset")
    return date


class History(BaseModel):
    """One entry of a state's history."""

    model_config = ConfigDict(frozen=True)

    state: StateType
    date: Annotated[Instant, AfterValidator(_aware)]


class State(BaseModel):
    """A current state and how it came about: at least one entry, the newest last."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, extra="ignore")

    current: StateType
    histories: tuple[History, ...]

    @classmethod
    def created(cls, at: datetime) -> State:
        """A state that begins: CREATED."""
        return cls(current=_S.CREATED, histories=(History(state=_S.CREATED, date=at),))

    def to(self, state: StateType, at: datetime) -> State:
        """The state after this one; the same if it is the current one already.

        An entry is never dated before the one that it follows, whichever clock wrote that.

        Raises:
            IllegalTransition: `LEGAL` does not have it.
        """
        if state == self.current:
            return self
        if state not in LEGAL[self.current]:
            raise IllegalTransition(f"{state} may not follow {self.current}")
        entry = History.model_construct(state=state, date=max(at, self.histories[-1].date))
        return State.model_construct(current=state, histories=(*self.histories, entry))

    @property
    def is_terminal(self) -> bool:
        """Whether nothing follows by itself."""
        return self.current in TERMINAL

    @property
    def start_date(self) -> datetime:
        """The date of the first entry."""
        return self.histories[0].date

    @property
    def end_date(self) -> datetime | None:
        """The date of the last entry, once terminal or PAUSED."""
        ended = self.is_terminal or self.current == _S.PAUSED
        return self.histories[-1].date if ended else None

    def was(self, state: StateType) -> bool:
        """Whether the history has this state."""
        return any(entry.state == state for entry in self.histories)

    @property
    def duration(self) -> timedelta:
        """From the first entry to the last."""
        return self.histories[-1].date - self.histories[0].date

    @model_serializer
    def _wire(self) -> dict[str, Any]:
        """Kestra's JSON: the facts, and the dates and the duration that follow from them."""
        wire: dict[str, Any] = {
            "current": self.current.value,
            "histories": [{"state": entry.state.value, "date": instant_text(entry.date)} for entry in self.histories],
            "duration": duration_text(self.duration),
        }
        if self.end_date is not None:
            wire["endDate"] = instant_text(self.end_date)
        wire["startDate"] = instant_text(self.start_date)
        return wire
