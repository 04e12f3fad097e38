"""LoopUntil: a turn, a check, a wait, another turn."""

from __future__ import annotations

from thermik.flows.shapes import Again
from thermik.flows.tree import Node
from thermik.machines.lowering import Inside, Lowering
from thermik.machines.states import Choose, Invoke, Level, Op, Turns, Verdict, WaitUntil


def lower_again(lowering: Lowering, node: Node, shape: Again, inside: Inside, level: Level) -> str:
    """Open, then turns of one item each (a Map, which gives the turn its scope), with a check behind each."""
    children = node.branches[shape.branch]
    if not children:
        return lowering.open(node, inside, level, inside.exits.then)
    turn, check, again, wait = (f"{node.id}:{role}" for role in ("turn", "check", "again", "wait"))
    exits = inside.exits
    level.add(Turns(turn, lowering.branch(children), 1, next=check, stopped=exits.stopped, caught=exits.failed))
    level.add(
        Invoke(
            check,
            Op.CHECK,
            node.id,
            next=again,
            caught=inside.unopened,
            stopped=exits.stopped,
            keep="opened",
            select=("verdict", "at", "items", "run"),
        )
    )
    cases: dict[str, str] = {Verdict.RETRY: wait, Verdict.CONTINUE: exits.then, Verdict.STOP: exits.stopped}
    level.add(Choose(again, "opened.verdict", cases, default=inside.unopened))
    level.add(WaitUntil(wait, "opened.at", next=turn))
    return lowering.open(node, inside, level, turn, select=("items", "run"))
