"""Dag: a branch a task, which waits with a token until the last of what it depends on has ended."""

from __future__ import annotations

from thermik.flows.shapes import Dependent
from thermik.flows.tree import Node
from thermik.machines.lowering import Exits, Inside, Lowering, ends
from thermik.machines.states import Branches, Invoke, Level, Op


def lower_dependent(lowering: Lowering, node: Node, shape: Dependent, inside: Inside, level: Level) -> str:
    """Open, then a Parallel. With a limit every child waits to be let in, and lets others in when it has ended."""
    children = node.branches[shape.branch]
    if not children:
        return lowering.open(node, inside, level, inside.exits.then)
    needed = {need for needs in shape.needs.values() for need in needs}
    levels = tuple(
        _branch(
            lowering,
            child,
            waits=bool(shape.limit or shape.needs.get(child.id)),
            tells=bool(shape.limit) or child.id in needed,
        )
        for child in children
    )
    exits = inside.exits
    branches = Branches(f"{node.id}:parallel", levels, next=exits.then, stopped=exits.stopped, caught=exits.failed)
    return lowering.open(node, inside, level, level.add(branches))


def _branch(lowering: Lowering, child: Node, *, waits: bool, tells: bool) -> Level:
    level = Level()
    exits = ends(child.id, level)
    after = exits.then
    if tells:
        after = level.add(_gate(f"{child.id}:release", Op.RELEASE, child, exits.then, exits))
    level.start = lowering.task(child, Exits(after, exits.failed, exits.stopped), level)
    if waits:
        level.start = level.add(_gate(f"{child.id}:await", Op.AWAIT, child, level.start, exits))
    return level


def _gate(name: str, op: Op, child: Node, following: str, exits: Exits) -> Invoke:
    return Invoke(name, op, child.id, next=following, caught=exits.failed, stopped=exits.stopped, waits=op is Op.AWAIT)
