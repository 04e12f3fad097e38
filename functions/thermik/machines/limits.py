"""What Step Functions does not accept, found when a flow is compiled and not when it runs.

Each quota is AWS's: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from __future__ import annotations

from collections.abc import Iterator

from thermik.machines.states import Branches, Choose, Fails, Invoke, Level, State, Turns, WaitUntil, targets

MAX_DEFINITION_BYTES = 1024 * 1024
"""Size of a definition."""

MAX_HISTORY_EVENTS = 25_000
"""Events in the history of one execution of a machine."""

_EVENTS = {Invoke: 5, Choose: 2, WaitUntil: 2, Branches: 4, Turns: 4, Fails: 1}
"""Events that one pass through a state writes: a Task enters, is scheduled, starts, succeeds, exits."""


class FlowTooLarge(Exception):
    """The flow compiles to a machine that Step Functions would refuse or abort; the author must split it."""


def check_history(level: Level) -> int:
    """Events of one pass through every state, a loop's inside counted once.

    Raises:
        FlowTooLarge: even so it is more than a history holds.
    """
    events = events_of(level)
    if events > MAX_HISTORY_EVENTS:
        raise FlowTooLarge(
            f"the flow passes through {events} events of a state machine's history, of which Step Functions keeps "
            f"{MAX_HISTORY_EVENTS}; move a part of its tasks into a subflow"
        )
    return events


def check_size(definition: str) -> None:
    """Raises: FlowTooLarge, when the definition exceeds `MAX_DEFINITION_BYTES`."""
    size = len(definition.encode())
    if size > MAX_DEFINITION_BYTES:
        raise FlowTooLarge(
            f"the flow compiles to a state machine of {size} bytes, of which Step Functions accepts "
            f"{MAX_DEFINITION_BYTES}; move a part of its tasks into a subflow"
        )


def events_of(level: Level) -> int:
    """History events of one pass through a level that fails nowhere, through every branch of its Choices.

    What is distributed has a history of its own.
    """
    total = 0
    for state in _passed(level):
        total += _EVENTS.get(type(state), 2)
        match state:
            case Branches(levels=levels):
                total += sum(map(events_of, levels))
            case Turns(level=inner, distributed=False):
                total += events_of(inner)
            case _:
                pass
    return total


def _passed(level: Level) -> Iterator[State]:
    """The states that a pass without failures can come through."""
    seen: set[str] = set()
    waiting = [level.start]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            state = level.states[name]
            yield state
            waiting.extend([state.next] if isinstance(state, Invoke | Branches | Turns) else targets(state))
