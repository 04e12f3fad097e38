"""A state machine after compilation: what the engine walks. Shared by all executions of a definition, never changed.

The classes have no `eq`: closures cannot be compared, and a command that runs one flow imports all of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from thermik.local.interpreter.choices import Predicate
from thermik.local.interpreter.paths import Getter, Setter


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class State:
    """What every state has. `read` is InputPath, `write` is OutputPath (None: all), `next` None ends the scope."""

    name: str
    next: str | None = None
    read: Getter | None = None
    write: Getter | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Retrier:
    """One entry of Retry. Seconds; `max_delay` None: no bound; `jitter`: a random part of the delay."""

    errors: frozenset[str]
    interval: float
    max_attempts: int
    rate: float
    max_delay: float | None
    jitter: bool


@dataclass(frozen=True, slots=True, eq=False)
class Catcher:
    """One entry of Catch."""

    errors: frozenset[str]
    next: str
    put: Setter


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Working(State):
    """A state that makes a result: `parameters` shape what goes in, `select` the result, `put` is ResultPath."""

    parameters: Getter | None = None
    select: Getter | None = None
    put: Setter | None = None
    retriers: tuple[Retrier, ...] = ()
    catchers: tuple[Catcher, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pass(Working):
    """Passes its input, or `result` if it has one."""

    has_result: bool
    result: Any


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task(Working):
    """Invokes a function, and with `token` waits for its answer; `timeout` and `heartbeat` give seconds."""

    token: bool
    timeout: Getter | None
    heartbeat: Getter | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice(State):
    """The first rule that holds names the next state."""

    rules: tuple[tuple[Predicate, str], ...]
    default: str | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wait(State):
    """Waits for `seconds`, or until `timestamp` (a text); exactly one is there."""

    seconds: Getter | None
    timestamp: Getter | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Succeed(State):
    """Ends its scope with its input."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fail(State):
    """Ends its scope with an error."""

    error: Getter | None
    cause: Getter | None


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """States that refer to one another: a machine, a branch of a Parallel, the processor of a Map."""

    start: str
    states: Mapping[str, State]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parallel(Working):
    """Runs its branches side by side."""

    branches: tuple[Scope, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Map(Working):
    """Runs its processor for each item. `parameters` is not used; `item` is ItemSelector.

    `tolerated_count` and `tolerated_percentage` belong to distributed maps only.
    """

    processor: Scope
    distributed: bool
    items: Getter
    item: Getter | None
    concurrency: Getter
    tolerated_count: Getter | None
    tolerated_percentage: Getter | None


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """A compiled definition. `name` is derived from its text; `timeout` is in seconds."""

    name: str
    scope: Scope
    timeout: float | None
