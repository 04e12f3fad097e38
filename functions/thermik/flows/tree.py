"""A flow's tasks as the tree that is run: who stands where, under which flowables, in which loops.

Disabled tasks are not in it: every rule of the engine works on the flow without them. Task ids are unique
in a flow, so a node is found by its task's id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from thermik.flows.shapes import Again, ForEachValue, InOneInvocation
from thermik.flows.task import FlowableTask, Task

if TYPE_CHECKING:
    from thermik.flows.flow import Flow

ERRORS = "errors"
FINALLY = "finally"
AFTER_EXECUTION = "afterExecution"
TASKS = "tasks"


@dataclass(eq=False, slots=True)
class Node:
    """A task in its place.

    Attributes:
        parent: the flowable above it, None at the top.
        branch: the list of its parent (or of the flow) that it stands in.
        branches: its own children by list, `errors` and `finally` among them; empty for what is no flowable.
    """

    task: Task
    parent: Node | None
    branch: str
    branches: Mapping[str, tuple[Node, ...]]

    @property
    def id(self) -> str:
        """The task's id."""
        return self.task.id

    def ancestors(self) -> Iterator[Node]:
        """The flowables above it, nearest first."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    @property
    def is_loop(self) -> bool:
        """Whether its children run once for each turn."""
        return isinstance(self.task, FlowableTask) and isinstance(self.task.shape, ForEachValue | Again)

    @property
    def has_values(self) -> bool:
        """Whether its turns have values, by which outputs are found."""
        return isinstance(self.task, FlowableTask) and isinstance(self.task.shape, ForEachValue)

    @property
    def turns(self) -> bool:
        """Whether it runs once for each turn of its parent: a loop's own child, outside of `errors` and `finally`."""
        # a loop's `errors` and `finally` run once, after all turns
        return self.parent is not None and self.parent.is_loop and self.branch not in (ERRORS, FINALLY)

    @property
    def shares_invocation(self) -> bool:
        """Whether it runs in an invocation of its parent's, with the other children; not so `errors` and `finally`."""
        if self.parent is None or not isinstance(self.parent.task, FlowableTask):
            return False
        shape = self.parent.task.shape
        return isinstance(shape, InOneInvocation) and self.branch == shape.branch

    def loops(self) -> list[Node]:
        """The loops in whose turns it runs, outermost first."""
        path = [self, *self.ancestors()]
        found = [node.parent for node in path if node.turns and node.parent is not None]
        return found[::-1]


class FlowTree:
    """The tasks of a flow that are not disabled, in their places."""

    def __init__(self, flow: Flow) -> None:
        self.nodes: dict[str, Node] = {}
        self.sections: dict[str, tuple[Node, ...]] = {
            TASKS: self._grow(flow.tasks, None, TASKS),
            ERRORS: self._grow(flow.errors, None, ERRORS),
            FINALLY: self._grow(flow.finally_, None, FINALLY),
            AFTER_EXECUTION: self._grow(flow.after_execution, None, AFTER_EXECUTION),
        }

    def _grow(self, tasks: Sequence[Task], parent: Node | None, branch: str) -> tuple[Node, ...]:
        return tuple(self._node(task, parent, branch) for task in tasks if not task.disabled)

    def _node(self, task: Task, parent: Node | None, branch: str) -> Node:
        node = Node(task, parent, branch, {})
        self.nodes[task.id] = node
        if isinstance(task, FlowableTask):
            lists = [
                *((each.name, each.tasks) for each in task.branches()),
                (ERRORS, task.errors),
                (FINALLY, task.finally_),
            ]
            node.branches = {name: self._grow(children, node, name) for name, children in lists}
        return node

    def __getitem__(self, task_id: str) -> Node:
        """The node of a task. Raises: KeyError for an unknown or disabled one."""
        return self.nodes[task_id]
