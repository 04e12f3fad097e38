"""ForEach, EachSequential, EachParallel: a Map over the numbers of the values that opening stored.

A Map writes the events of all its turns into the machine's one history, which is bounded. So a loop with many
values runs in a second Map, a distributed one, whose turns are machine executions with histories of their own.
"""

from __future__ import annotations

from dataclasses import replace

from thermik.flows.shapes import ForEachValue
from thermik.flows.tree import Node
from thermik.machines.copies import copied
from thermik.machines.limits import events_of
from thermik.machines.lowering import Inside, Lowering, ends
from thermik.machines.states import Branches, Exceeds, Level, Turns

LOOP_EVENTS = 5_000
"""History events that the turns of one loop may write into the machine's own history (a fifth of what it holds)."""

DISTRIBUTED_LIMIT = 500
"""Turns at a time of a distributed loop without a limit: half of Lambda's default concurrency
(https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html), so that others run beside it."""


def lower_for_each_value(lowering: Lowering, node: Node, shape: ForEachValue, inside: Inside, level: Level) -> str:
    """Open, then a Map whose items are integers: each turn finds its value through the loop's task run."""
    children = node.branches[shape.branch]
    if not children:
        return lowering.open(node, inside, level, inside.exits.then)
    turn = _together(lowering, node, children) if shape.together and len(children) > 1 else lowering.branch(children)
    exits = inside.exits
    few = Turns(f"{node.id}:each", turn, shape.limit, next=exits.then, stopped=exits.stopped, caught=exits.failed)
    many = replace(
        few,
        name=f"{node.id}:many",
        level=copied(turn, node.id),
        limit=shape.limit or DISTRIBUTED_LIMIT,
        distributed=True,
    )
    bound = LOOP_EVENTS // events_of(turn)
    count = Exceeds(f"{node.id}:count", "opened.count", bound, above=level.add(many), next=level.add(few))
    return lowering.open(node, inside, level, level.add(count), select=("items", "run", "count"))


def _together(lowering: Lowering, node: Node, children: tuple[Node, ...]) -> Level:
    """A turn whose children run side by side."""
    level = Level()
    exits = ends(f"{node.id}:turn", level)
    levels = tuple(lowering.branch([child]) for child in children)
    branches = Branches(f"{node.id}:turn", levels, next=exits.then, stopped=exits.stopped, caught=exits.failed)
    level.start = level.add(branches)
    return level
