"""Pause: opening pauses, a task token waits for the resume, or for the time to run out."""

from __future__ import annotations

from thermik.flows.shapes import AfterWaiting
from thermik.flows.tree import Node
from thermik.machines.lowering import Inside, Lowering, judged
from thermik.machines.states import Choose, Invoke, Level, Op, Verdict


def lower_after_waiting(lowering: Lowering, node: Node, shape: AfterWaiting, inside: Inside, level: Level) -> str:
    """Open, wait with a token, then the children; when time has run out, a decision what that means.

    What runs while it waits runs before the token is there: whoever resumes earlier is found by the state that waits.
    How long is left is asked for anew then.
    """
    exits = inside.exits
    entry = lowering.sequence(node.branches[shape.branch], exits, level)
    due, decided, wait = f"{node.id}:due", f"{node.id}:decided", f"{node.id}:wait"
    cases: dict[str, str] = {Verdict.CONTINUE: entry, Verdict.STOP: exits.stopped}
    level.add(Choose(decided, "settled.verdict", cases, default=exits.failed))
    level.add(judged(due, Op.DUE, node, decided, caught=inside.unopened, stopped=exits.stopped))
    level.add(
        Invoke(
            wait,
            Op.WAIT,
            node.id,
            next=due,
            caught=inside.unopened,
            waits=True,
            timeout="opened.seconds",
            overdue=due,
            stopped=exits.stopped,
        )
    )
    meanwhile = node.branches[shape.meanwhile]
    if not meanwhile:
        return lowering.open(node, inside, level, wait, select=("seconds",))
    left = f"{node.id}:left"
    level.add(
        Invoke(
            left,
            Op.OPEN,
            node.id,
            next=wait,
            caught=inside.unopened,
            stopped=exits.stopped,
            keep="opened",
            select=("seconds",),
        )
    )
    return lowering.open(node, inside, level, lowering.handlers(meanwhile, left, exits.stopped, level))
