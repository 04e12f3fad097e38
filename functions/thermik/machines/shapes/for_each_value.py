"""ForEach, EachSequential, EachParallel: a Map over the numbers of the values that opening stored."""

from __future__ import annotations

from thermik.flows.shapes import ForEachValue
from thermik.flows.tree import Node
from thermik.machines.loops import add_turns
from thermik.machines.lowering import Inside, Lowering, ends
from thermik.machines.shapes.together import one_of_them
from thermik.machines.states import Branches, Level, Turns


def lower_for_each_value(lowering: Lowering, node: Node, shape: ForEachValue, inside: Inside, level: Level) -> str:
    """Open, then a Map whose items are integers: each turn finds its value through the loop's task run."""
    children = node.branches[shape.branch]
    if not children:
        return lowering.open(node, inside, level, inside.exits.then)
    turn = _turn(lowering, node, shape, children)
    exits = inside.exits
    few = Turns(
        f"{node.id}:each",
        turn,
        shape.limit,
        next=exits.then,
        stopped=exits.stopped,
        caught=exits.failed,
        paired=shape.paired and len(children) > 1,
    )
    return lowering.open(node, inside, level, add_turns(level, few, node.id), select=("items", "run", "count"))


def _turn(lowering: Lowering, node: Node, shape: ForEachValue, children: tuple[Node, ...]) -> Level:
    """What runs for each item: all children, or one of them."""
    if not shape.together or len(children) == 1:
        return lowering.branch(children)
    return one_of_them(lowering, node, children) if shape.paired else _together(lowering, node, children)


def _together(lowering: Lowering, node: Node, children: tuple[Node, ...]) -> Level:
    """A turn whose children run side by side."""
    level = Level()
    exits = ends(f"{node.id}:turn", level)
    levels = tuple(lowering.branch([child]) for child in children)
    branches = Branches(f"{node.id}:turn", levels, next=exits.then, stopped=exits.stopped, caught=exits.failed)
    level.start = level.add(branches)
    return level
