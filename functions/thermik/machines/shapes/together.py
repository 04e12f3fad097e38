"""Parallel: a branch of its own for each child."""

from __future__ import annotations

from thermik.flows.shapes import Together
from thermik.flows.tree import Node
from thermik.machines.gating import gates_of
from thermik.machines.lowering import Inside, Lowering, ends
from thermik.machines.shapes.dependent import lower_dependent
from thermik.machines.states import Branches, Choose, Level, Turns


def lower_together(lowering: Lowering, node: Node, shape: Together, inside: Inside, level: Level) -> str:
    """Open, then a Parallel; with a limit, a Map over the children's numbers, since a Parallel has no limit."""
    children = node.branches[shape.branch]
    if not children:
        return lowering.open(node, inside, level, inside.exits.then)
    gates = gates_of(node)
    if gates is not None:
        return lower_dependent(lowering, node, gates, inside, level)
    name, exits = f"{node.id}:parallel", inside.exits
    if not shape.limit or shape.limit >= len(children):
        levels = tuple(lowering.branch([child]) for child in children)
        entry = level.add(Branches(name, levels, next=exits.then, stopped=exits.stopped, caught=exits.failed))
        return lowering.open(node, inside, level, entry)
    turns = Turns(
        name,
        one_of_them(lowering, node, children),
        shape.limit,
        next=exits.then,
        stopped=exits.stopped,
        caught=exits.failed,
        scoped=False,
    )
    return lowering.open(node, inside, level, level.add(turns), select=("items",))


def one_of_them(lowering: Lowering, node: Node, children: tuple[Node, ...]) -> Level:
    """A level that runs the child whose number is the Map's item."""
    level = Level()
    exits = ends(f"{node.id}:turn", level)
    entries = {str(number): lowering.task(child, exits, level) for number, child in enumerate(children)}
    level.start = level.add(Choose(f"{node.id}:which", "branch", entries, default=exits.then))
    return level
