"""What the engine keeps for an execution that is under way.

An execution is a tree: a `Branch` walks the states of one scope (the machine, a branch of a Parallel, an item of a
Map); while it stands in a Parallel or Map, its `join` holds the branches below. What a branch waits for is its
`Activity`; an event (a result, an answer, a timer) that carries another activity than the branch has now comes too
late and is dropped. That one rule makes stopping safe: end the activity, and nothing of it can come back.

Everything here is changed under the execution's lock only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from thermik.clock import Clock
from thermik.local.interpreter.errors import StateError
from thermik.local.interpreter.states import Machine, Scope, State
from thermik.local.interpreter.status import StateEntered, Status
from thermik.local.interpreter.timers import TimerHandle, Timers
from thermik.local.interpreter.timestamps import timestamp_text

ACCOUNT = "arn:aws:states:us-east-1:000000000000"
"""Begins the ARNs in the context object, where a laptop has no account or region."""


class Join(Protocol):
    """Gathers the branches of a Parallel or Map state."""

    owner: Branch
    live: dict[int, Branch]

    def ended(self, child: Branch, output: Any) -> None:
        """A branch ended with its output."""
        ...

    def failed(self, child: Branch, error: StateError) -> StateError | None:
        """A branch failed; answers the error that the owner fails with, or None if it bears the failure."""
        ...


@dataclass(slots=True, eq=False)
class Host:
    """What the engine gives to its executions. `fire` runs an action on an activity's branch if it is still current."""

    clock: Clock
    timers: Timers
    fire: Callable[[Activity, Callable[[Branch], None]], None]
    tokens: dict[str, Activity] = field(default_factory=dict)
    closed_tokens: dict[str, None] = field(default_factory=dict)

    def after(self, seconds: float, activity: Activity, action: Callable[[Branch], None]) -> TimerHandle:
        """Run the action on the activity's branch in so many seconds."""
        return self.at(self.clock.now().timestamp() + seconds, activity, action)

    def at(self, due: float, activity: Activity, action: Callable[[Branch], None]) -> TimerHandle:
        """Run the action on the activity's branch at an instant, in seconds since 1970."""
        return self.timers.at(due, partial(self.fire, activity, action))


@dataclass(slots=True, eq=False)
class History:
    """Counts the events of one history, and says whose it is: an execution's, or a distributed Map's child's."""

    execution: dict[str, Any]
    events: int = 0


@dataclass(slots=True, eq=False)
class Job:
    """An invocation to be made: the payload is JSON text."""

    activity: Activity
    function: str
    payload: str


@dataclass(slots=True, eq=False)
class Execution:
    """An execution under way, and what its last turn left to do (`agenda` within the turn, `jobs` after it).

    `watchers` are called once it has ended and that has been `told`.
    """

    name: str
    machine: Machine
    host: Host
    started: datetime
    trace: list[StateEntered] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    root: Branch = field(init=False)
    status: Status = Status.RUNNING
    output: Any = None
    error: str | None = None
    cause: str | None = None
    ended: datetime | None = None
    transitions: int = 0
    timeout: TimerHandle | None = None
    agenda: list[Branch] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    told: bool = False
    watchers: tuple[Callable[[], None], ...] = ()


@dataclass(slots=True, eq=False)
class Activity:
    """What a branch waits for: a timer, an invocation, a token's answer, a child execution; or several of them."""

    branch: Branch
    timer: TimerHandle | None = None
    token: str | None = None
    timeout: float | None = None
    heartbeat: float | None = None
    heartbeat_timer: TimerHandle | None = None


@dataclass(slots=True, eq=False)
class Branch:
    """Walks one scope. `data` is the raw input of the state in which it is; `attempts` its retries by retrier."""

    execution: Execution
    scope: Scope
    history: History
    state: State
    data: Any
    entered: datetime
    parent: Join | None = None
    place: int = 0
    item: dict[str, Any] | None = None
    alive: bool = True
    attempts: list[int] | None = None
    retries: int = 0
    activity: Activity | None = None
    join: Join | None = None
    built_context: dict[str, Any] | None = None

    def context(self) -> dict[str, Any]:
        """The context object, as it is in this state now."""
        if self.built_context is None:
            machine = self.execution.machine.name
            self.built_context = {
                "Execution": self.history.execution,
                "State": {
                    "EnteredTime": timestamp_text(self.entered),
                    "Name": self.state.name,
                    "RetryCount": self.retries,
                },
                "StateMachine": {"Id": f"{ACCOUNT}:stateMachine:{machine}", "Name": machine},
            }
            if self.item is not None:
                self.built_context["Map"] = {"Item": self.item}
            if self.activity is not None and self.activity.token is not None:
                self.built_context["Task"] = {"Token": self.activity.token}
        return self.built_context


def execution_context(name: str, machine: str, data: Any, started: datetime) -> dict[str, Any]:
    """The `Execution` part of the context object."""
    return {
        "Id": f"{ACCOUNT}:execution:{machine}:{name}",
        "Input": data,
        "Name": name,
        "RedriveCount": 0,
        "RoleArn": "arn:aws:iam::000000000000:role/local",
        "StartTime": timestamp_text(started),
    }


def enclosing(branch: Branch) -> tuple[int, ...]:
    """The branch's places in the enclosing Parallel and Map states, outermost first."""
    places: list[int] = []
    while branch.parent is not None:
        places.append(branch.place)
        branch = branch.parent.owner
    return tuple(reversed(places))
