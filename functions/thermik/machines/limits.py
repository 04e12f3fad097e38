"""What Step Functions does not accept, found when a flow is compiled and not when it runs.

Each quota is AWS's: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from __future__ import annotations

from thermik.machines.states import Branches, Choose, Fails, Invoke, Level, Turns, WaitUntil

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
    """History events of one pass through a level, failures not counted; what is distributed has its own history."""
    total = 0
    for state in level.states.values():
        total += _EVENTS.get(type(state), 2)
        match state:
            case Branches(levels=levels):
                total += sum(map(events_of, levels))
            case Turns(level=inner, distributed=False):
                total += events_of(inner)
            case Invoke(name=name) if name.endswith(":settle"):
                total -= _EVENTS[Invoke]  # only a failure comes here
            case _:
                pass
    return total
