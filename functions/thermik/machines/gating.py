"""Which flowables let their children in one by one, by task tokens: what a Parallel or a Map of the machine cannot.

A child begins when others have ended (a Dag), or when there is room. A Map has room for so many turns at a time, too;
but a turn keeps its place to its end, and in Kestra a task that pauses gives its place to others meanwhile. So does
a Pause that stands directly in a `Parallel` or `Dag` with `concurrent`; in a ForEach it keeps it, there as here.
"""

from __future__ import annotations

from thermik.flows.shapes import AfterWaiting, Dependent, Together
from thermik.flows.task import FlowableTask
from thermik.flows.tree import Node


def gates_of(node: Node) -> Dependent | None:
    """What the children of a flowable wait for before they begin; None where they wait for nothing."""
    shape = node.task.shape if isinstance(node.task, FlowableTask) else None
    match shape:
        case Dependent():
            return shape
        case Together(branch=branch, limit=limit) if 0 < limit < len(node.branches[branch]):
            pauses = any(map(_pauses, node.branches[branch]))
            return Dependent({}, branch=branch, limit=limit) if pauses else None
        case _:
            return None


def makes_room(node: Node) -> bool:
    """Whether others may begin while this one is paused."""
    gates = gates_of(node.parent) if node.parent is not None else None
    return gates is not None and bool(gates.limit) and node.branch == gates.branch


def _pauses(node: Node) -> bool:
    return isinstance(node.task, FlowableTask) and isinstance(node.task.shape, AfterWaiting)
