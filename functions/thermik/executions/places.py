"""Where a task run stands in its execution, and the ids that follow from it.

A task run's id is derived from the execution, the task and the turn of the loop that it belongs to. So every
operation can name the runs that it needs without looking them up, and an operation that is carried out again
finds what it made the first time.
"""

from __future__ import annotations

from dataclasses import dataclass

from thermik.executions.model import Scope
from thermik.flows.tree import Node
from thermik.identity import derived_id


@dataclass(frozen=True, slots=True)
class Place:
    """A task of an execution in one turn of its loops."""

    execution_id: str
    node: Node
    scope: Scope | None

    @property
    def task_run_id(self) -> str:
        """The id of the task run that is made here."""
        return task_run_id(self.execution_id, self.node.id, self.scope)

    @property
    def parent_task_run_id(self) -> str | None:
        """The id of the flowable's run above, None at the top of the flow."""
        if self.node.parent is None:
            return None
        if self.node.turns and self.scope is not None:
            return self.scope.run
        return task_run_id(self.execution_id, self.node.parent.id, self.scope)


def task_run_id(execution_id: str, task_id: str, scope: Scope | None) -> str:
    """The id of a task's run in a turn of a loop, or outside of loops."""
    turn = (scope.run, str(scope.turn)) if scope else ("", "")
    return derived_id("taskrun", execution_id, task_id, *turn)
