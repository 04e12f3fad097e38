"""Sequential, AllowFailure: the children follow the opening in the same level."""

from __future__ import annotations

from thermik.flows.shapes import InSequence
from thermik.flows.tree import Node
from thermik.machines.lowering import Inside, Lowering
from thermik.machines.states import Level


def lower_in_sequence(lowering: Lowering, node: Node, shape: InSequence, inside: Inside, level: Level) -> str:
    """Open, then one child after the other."""
    entry = lowering.sequence(node.branches[shape.branch], inside.exits, level)
    return lowering.open(node, inside, level, entry)
