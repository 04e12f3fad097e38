"""`outputs` and `tasks` of expressions: task runs found by key, as far as an expression names them.

A task outside of loops is one run. In loops there is a level for each loop around it, keyed by that loop's
values, outermost first: `outputs.t[v1][v2]`. A level is a mapping that knows its keys from the loop's run and
reads a turn's run when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from thermik.executions.loop_values import Values
from thermik.executions.model import Scope, TaskRun
from thermik.executions.places import Place
from thermik.flows.tree import Node
from thermik.worker.journal import Journal

Reading = Callable[[TaskRun], Any]
"""What is shown of a task run."""


class OfTasks(Mapping[str, Any]):
    """By task id: what `reading` shows of each task's runs. A task that has not run is not there."""

    def __init__(self, journal: Journal, reading: Reading) -> None:
        self._journal = journal
        self._reading = reading

    def __getitem__(self, task_id: str) -> Any:
        node = self._journal.tree[task_id]
        return _level(self._journal, node, node.loops(), (), self._reading)

    def __iter__(self) -> Iterator[str]:
        for task_id in self._journal.tree.nodes:
            if task_id in self:
                yield task_id

    def __contains__(self, task_id: object) -> bool:
        try:
            self[str(task_id)]
        except KeyError:
            return False
        return True

    def __len__(self) -> int:
        return sum(1 for _ in self)


class OfTurns(Mapping[str, Any]):
    """By a loop's values: what is shown of a task's runs in its turns."""

    def __init__(
        self, journal: Journal, node: Node, scopes: tuple[Scope, ...], values: Values, reading: Reading
    ) -> None:
        self._journal = journal
        self._node = node
        self._outer = scopes
        self._turns = values.turns
        self._reading = reading

    def __getitem__(self, value: str) -> Any:
        loops = self._node.loops()
        depth = len(self._outer)
        outer = self._outer[-1] if self._outer else None
        scope = self._journal.loop_turn(loops[depth], outer, self._turns[value])
        return _level(self._journal, self._node, loops, (*self._outer, scope), self._reading)

    def __iter__(self) -> Iterator[str]:
        self._fetch_all()
        for value in self._turns:
            if value in self:
                yield value

    def __contains__(self, value: object) -> bool:
        if value not in self._turns:
            return False
        try:
            self[str(value)]
        except KeyError:
            return False
        return True

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _fetch_all(self) -> None:
        """Read the runs of every turn in few calls, when all are wanted anyway."""
        loops = self._node.loops()
        depth = len(self._outer)
        outer = self._outer[-1] if self._outer else None
        below = self._node if depth + 1 == len(loops) else loops[depth + 1]
        scopes = (self._journal.loop_turn(loops[depth], outer, turn) for turn in self._turns.values())
        self._journal.fetch([Place(self._journal.execution_id, below, scope).task_run_id for scope in scopes])


def _level(journal: Journal, node: Node, loops: list[Node], scopes: tuple[Scope, ...], reading: Reading) -> Any:
    """What is shown of a task below these turns: its run, or a level for the next loop. Raises: KeyError."""
    scope = scopes[-1] if scopes else None
    if len(scopes) == len(loops):
        run = journal.run(Place(journal.execution_id, node, scope).task_run_id)
        if run is None:
            raise KeyError(node.id)
        return reading(run)
    loop = journal.run(Place(journal.execution_id, loops[len(scopes)], scope).task_run_id)
    if loop is None:
        raise KeyError(node.id)
    if not loops[len(scopes)].has_values:  # a LoopUntil: what its present iteration made, without a level of its own
        turn = Scope(run=loop.id, turn=loop.progress.turn or 1)
        return _level(journal, node, loops, (*scopes, turn), reading)
    values = journal.values_of(loop)
    if values is None:
        raise KeyError(node.id)
    return OfTurns(journal, node, scopes, values, reading)
