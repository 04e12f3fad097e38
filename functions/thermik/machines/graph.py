"""The stage that lays out a whole flow: its tasks, what handles their failure, and how the execution finishes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from thermik.flows.tree import AFTER_EXECUTION, ERRORS, FINALLY, TASKS, FlowTree
from thermik.machines.lowering import Exits, Lowering, LowerShape
from thermik.machines.states import STOPPED, Done, Fails, Invoke, Level, Op, Rider, WaitUntil

START = Rider("start")
"""Rides before the first operation: the execution begins to run."""

SCHEDULED = ":scheduled"
"""Name of the state that waits for the date of an execution that starts later."""

FINISH = ":finish"
"""Name of the state that ends the execution; no task's id has a colon."""


def lay_out(
    tree: FlowTree, shapes: Mapping[type, LowerShape], *, scheduled: bool = False, ended: bool = False
) -> Level:
    """The machine of a flow as states: `tasks`, on failure `errors`, then `finally`, finish, `afterExecution`.

    Args:
        scheduled: wait first until the date that the machine is started with.
        ended: the execution has ended: only `afterExecution`.
    """
    lowering = Lowering(shapes)
    level = Level()
    done = level.add(Done(":done"))
    failed = level.add(Fails(":failed"))
    stopped = level.add(Fails(":stopped", STOPPED))
    afterwards = tree.sections[AFTER_EXECUTION]
    over = level.add(Invoke(":over", Op.OVER, "", next=done)) if afterwards else done
    after = lowering.handlers(afterwards, over, stopped, level)
    unhappy = after if afterwards else failed
    finish = level.add(Invoke(FINISH, Op.FINISH, "", next=after, caught=unhappy, error_path="error"))
    closing = lowering.handlers(tree.sections[FINALLY], finish, stopped, level)
    handling = lowering.handlers(tree.sections[ERRORS], closing, stopped, level)
    if ended:
        level.start = after
        return level
    level.start = lowering.sequence(tree.sections[TASKS], Exits(closing, handling, stopped), level)
    _start_with(level, START)
    if scheduled:
        level.start = level.add(WaitUntil(SCHEDULED, "at", next=level.start))
    return level


def _start_with(level: Level, rider: Rider) -> None:
    """Let an operation ride before the first invocation; every flow begins with one, if only to finish."""
    first = level.states[level.start]
    if not isinstance(first, Invoke):
        raise TypeError(f"{first.name} begins the machine and invokes nothing")
    level.states[level.start] = replace(first, before=(rider, *first.before))
