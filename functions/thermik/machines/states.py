"""The states that a flow compiles to, as values: what Thermik uses of Amazon States Language, no more.

The lowering makes them, later stages read and replace them, `asl.py` writes them. A `Level` is what ASL
calls a set of states with a `StartAt`: the machine itself, a branch of a Parallel, the inside of a Map.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from thermik.records import record


class Op(StrEnum):
    """What an invocation of the worker does first and foremost."""

    RUN = "run"
    OPEN = "open"
    CLOSE = "close"
    SETTLE = "settle"
    FINISH = "finish"
    WAIT = "wait"
    DUE = "due"
    CALL = "call"
    JOIN = "join"
    CHECK = "check"
    AWAIT = "await"
    RELEASE = "release"
    OVER = "over"
    DIRECTORY = "directory"
    SETTLE_DIRECTORY = "settleDirectory"
    BATCHES = "batches"
    BATCH = "batch"
    BATCH_ENDED = "batchEnded"
    JOIN_BATCHES = "joinBatches"


class Verdict(StrEnum):
    """What `settle` answers, for the Choice behind it."""

    RETRY = "RETRY"
    CONTINUE = "CONTINUE"
    FAIL = "FAIL"
    STOP = "STOP"


SKIP = "SKIP"
"""What opening a flowable answers when its `runIf` said no."""

UNDECIDED = "UNDECIDED"
"""What a WorkingDirectory answers when its `runIf` cannot be rendered."""

STOPPED = "Stopped"
"""Error with which a branch ends when its execution may not go on (killed, paused): nothing handles it."""

FAILED = "TaskFailed"
"""Error with which a branch ends when a task of it failed for good."""

ENDED = "ExecutionFailed"
"""Error of `finish` when the execution has ended, and not well."""

BUSY = "Busy"
"""Error of an invocation that found another one at work on the same attempt: tried again later."""


@record
class Rider:
    """An operation that rides on another one's invocation, before or after it."""

    op: str
    task: str = ""


@record
class State:
    """A state's name, unique in the whole machine."""

    name: str


@record
class Invoke(State):
    """One invocation of the worker.

    Attributes:
        caught: where an error leads (which errors, `asl.py` says by the operation), None: nowhere.
        error_path: where the error is kept in the state's data for the next state, if it wants it.
        select: fields of the worker's answer that are kept, under `$.<keep>`; none: the answer is dropped.
        with_error: the error that was kept goes to the worker.
        waits: the state goes on when its task token is answered, not when the invocation ends.
        timeout: where in the state's data the seconds stand after which it waits no longer.
        overdue: where that leads.
        noted: where in the state's data the task's id stands, of an invocation that tasks share; None: `task` is it.
        stopped: where it leads that the execution may not go on; None: as any error.
    """

    op: Op
    task: str
    next: str
    caught: str | None = None
    error_path: str | None = None
    keep: str | None = None
    select: tuple[str, ...] = ()
    with_error: bool = False
    waits: bool = False
    timeout: str | None = None
    overdue: str | None = None
    stopped: str | None = None
    noted: str | None = None
    before: tuple[Rider, ...] = ()
    after: tuple[Rider, ...] = ()


@record
class Note(State):
    """Write a text into the state's data, for states that several lead to."""

    value: str
    path: str
    next: str


@record
class Choose(State):
    """Go where a text in the state's data says; to the default where it says anything else, or nothing.

    Attributes:
        is_there: the text cannot be missing, so it need not be asked for.
    """

    variable: str
    cases: Mapping[str, str]
    default: str
    is_there: bool = False


@record
class Exceeds(State):
    """Go one way when a number in the state's data is above a bound, another way when it is not."""

    variable: str
    bound: int
    above: str
    next: str


@record
class WaitUntil(State):
    """Wait for the instant that stands in the state's data."""

    path: str
    next: str


@record
class Branches(State):
    """Levels side by side (ASL's Parallel)."""

    levels: tuple[Level, ...]
    next: str
    stopped: str
    caught: str


@record
class Turns(State):
    """A level once for each of the items that a flowable's opening gave (ASL's Map); only integers travel.

    Attributes:
        limit: turns at a time, 0 for no limit.
        scoped: each turn is a scope of its own (a loop); else the turns are branches that run side by side
            and the item tells which.
        paired: the items are pairs of a turn and a branch in it: each child of each turn by itself.
        distributed: each turn is a machine execution of its own, with a history of its own (a distributed Map).
    """

    level: Level
    limit: int
    next: str
    stopped: str
    caught: str
    scoped: bool = True
    paired: bool = False
    distributed: bool = False


@record
class Done(State):
    """The level ended well."""


@record
class Fails(State):
    """The level ended with this error; None: with the one that was caught, in `$.error`."""

    error: str | None = None


@dataclass(slots=True)
class Level:
    """States with a beginning; `start` is set when the level is complete."""

    start: str = ""
    states: dict[str, State] = field(default_factory=dict)

    def add(self, state: State) -> str:
        """Put a state in; returns its name."""
        if state.name in self.states:
            raise ValueError(f"two states named {state.name}")
        self.states[state.name] = state
        return state.name


def targets(state: State) -> Iterator[str]:
    """The states of its own level that a state may lead to."""
    match state:
        case Invoke(next=following, caught=caught, overdue=overdue, stopped=stopped):
            yield from (target for target in (following, stopped, overdue, caught) if target is not None)
        case Choose(cases=cases, default=default):
            yield from cases.values()
            yield default
        case Exceeds(above=above, next=following):
            yield from (above, following)
        case WaitUntil(next=following) | Note(next=following):
            yield following
        case (
            Branches(next=following, stopped=stopped, caught=caught)
            | Turns(next=following, stopped=stopped, caught=caught)
        ):
            yield from (following, stopped, caught)
        case _:
            return


def inner_levels(state: State) -> tuple[Level, ...]:
    """The levels inside a state."""
    match state:
        case Branches(levels=levels):
            return levels
        case Turns(level=level):
            return (level,)
        case _:
            return ()


def all_levels(level: Level) -> Iterator[Level]:
    """A level and every level inside it."""
    yield level
    for state in level.states.values():
        for inner in inner_levels(state):
            yield from all_levels(inner)
