"""WorkingDirectory: one invocation runs all the children; what it left unfinished is settled as a task's failure is."""

from __future__ import annotations

from thermik.flows.shapes import InOneInvocation
from thermik.flows.tree import Node
from thermik.machines.lowering import ALWAYS, Inside, Lowering, judged
from thermik.machines.states import SKIP, UNDECIDED, Choose, Invoke, Level, Op, Verdict, WaitUntil


def lower_in_one_invocation(
    _lowering: Lowering, node: Node, _shape: InOneInvocation, inside: Inside, level: Level
) -> str:
    """The invocation, which also opens; a verdict after a failure: `errors`, or the whole once more."""
    exits = inside.exits
    settle, settled, wait, opened = (f"{node.id}:{role}" for role in ("settle", "settled", "wait", "opened"))
    cases: dict[str, str] = {Verdict.CONTINUE: exits.then, Verdict.STOP: exits.stopped}
    cases[Verdict.RETRY] = level.add(WaitUntil(wait, "settled.at", next=node.id))
    level.add(Choose(settled, "settled.verdict", cases, default=exits.failed))
    level.add(judged(settle, Op.SETTLE_DIRECTORY, node, settled, caught=exits.failed))
    conditional = node.task.run_if != ALWAYS
    if conditional:
        decided: dict[str, str] = {SKIP: inside.skipped, UNDECIDED: inside.unopened}
        level.add(Choose(opened, "opened.decision", decided, default=exits.then))
    return level.add(
        Invoke(
            node.id,
            Op.DIRECTORY,
            node.id,
            next=opened if conditional else exits.then,
            caught=settle,
            error_path="error",
            keep="opened" if conditional else None,
            select=("decision",) if conditional else (),
        )
    )
