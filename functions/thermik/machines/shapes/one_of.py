"""If, Switch: opening decides on a branch, a Choice goes there."""

from __future__ import annotations

from thermik.flows.shapes import OneOf
from thermik.flows.tree import Node
from thermik.machines.lowering import Inside, Lowering
from thermik.machines.states import Choose, Level


def lower_one_of(lowering: Lowering, node: Node, shape: OneOf, inside: Inside, level: Level) -> str:
    """Open, then the branch that opening named; for none, straight to the close."""
    cases = {name: lowering.sequence(node.branches[name], inside.exits, level) for name in shape.branches}
    decide = level.add(Choose(f"{node.id}:decide", "opened.decision", cases, default=inside.exits.then))
    return lowering.open(node, inside, level, decide, select=("decision",))
