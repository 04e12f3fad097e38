"""The task runs of one execution as an operation sees them: each read at most once, many in one call.

An expression that names `outputs.a` needs one task run by key. The journal keeps what was read for the length
of one operation; long lists of a loop's values, which never change, a warm worker keeps for longer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from thermik.executions.loop_values import LoopValues, Values
from thermik.executions.model import Scope, TaskRun
from thermik.executions.places import Place, task_run_id
from thermik.executions.repository import Executions, Versioned
from thermik.flows.tree import FlowTree, Node


@dataclass(slots=True)
class Journal:
    """The task runs of an execution, read on demand."""

    executions: Executions
    execution_id: str
    tree: FlowTree
    loop_values: LoopValues
    _read: dict[str, Versioned[TaskRun] | None] = field(default_factory=dict)

    def know(self, ids: Iterable[str], found: dict[str, Versioned[TaskRun]]) -> None:
        """Take over what somebody read already."""
        for name in ids:
            self._read[name] = found.get(name)

    def note(self, run: Versioned[TaskRun]) -> None:
        """Take over what was just written, for whoever rides behind."""
        self._read[run.value.id] = run

    def versioned(self, task_run_id: str) -> Versioned[TaskRun]:
        """A task run that is there, with the version to write over. Raises: KeyError if it was never made."""
        self.fetch([task_run_id])
        found = self._read[task_run_id]
        if found is None:
            raise KeyError(task_run_id)
        return found

    def fetch(self, ids: Iterable[str]) -> None:
        """Read those of these task runs that were not read yet, in one call."""
        missing = [name for name in ids if name not in self._read]
        if missing:
            self.know(missing, self.executions.task_runs(self.execution_id, missing))

    def run(self, task_run_id: str) -> TaskRun | None:
        """A task run, or None if it was never made."""
        self.fetch([task_run_id])
        found = self._read[task_run_id]
        return found.value if found else None

    def loop_run(self, run_id: str) -> TaskRun:
        """The task run of a loop in whose turn something runs; it was opened before. Raises: KeyError if it was not."""
        run = self.run(run_id)
        if run is None:
            raise KeyError(run_id)
        return run

    def value_at(self, scope: Scope) -> str | None:
        """The value of a loop's turn."""
        values = self.values_of(self.loop_run(scope.run))
        return values.texts[scope.turn] if values is not None else None

    def values_of(self, loop: TaskRun) -> Values | None:
        """The values of a loop's task run; None where it has none, or has not opened."""
        return self.loop_values.of(loop)

    def scopes(self, place: Place) -> list[Scope]:
        """The turns that a place stands in, outermost first."""
        scopes: list[Scope] = []
        scope = place.scope
        while scope is not None:
            scopes.append(scope)
            scope = self.loop_run(scope.run).progress.scope
        return scopes[::-1]

    def ancestor(self, place: Place) -> Place | None:
        """The place of the flowable above, None at the top."""
        node = place.node
        if node.parent is None:
            return None
        scope = place.scope
        if node.turns and scope is not None:
            scope = self.loop_run(scope.run).progress.scope
        return Place(place.execution_id, node.parent, scope)

    def place(self, node: Node, scopes: list[Scope]) -> Place:
        """The place of a task, given the turns of the loops around it, outermost first."""
        return Place(self.execution_id, node, scopes[-1] if scopes else None)

    def loop_turn(self, loop: Node, outer: Scope | None, turn: int) -> Scope:
        """A turn of a loop that itself stands in a turn of another, or in none."""
        return Scope(run=task_run_id(self.execution_id, loop.id, outer), turn=turn)
