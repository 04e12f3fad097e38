"""The task runs of a loop's turn, found by their derived ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from thermik.executions.model import Scope
from thermik.executions.places import task_run_id
from thermik.executions.repository import Executions
from thermik.flows.tree import Node


def descendants(executions: Executions, execution_id: str, loop: Node, turn: Scope) -> Iterator[str]:
    """The ids of all runs that can be in a turn of a loop, at any depth."""
    yield from _below(executions, execution_id, _turning(loop), turn)


def _below(executions: Executions, execution_id: str, nodes: Iterable[Node], scope: Scope | None) -> Iterator[str]:
    for node in nodes:
        run_id = task_run_id(execution_id, node.id, scope)
        yield run_id
        if node.is_loop:
            for turn in _turns(executions, execution_id, run_id):
                yield from descendants(executions, execution_id, node, turn)
        # what does not run in turns of its own (a loop's `errors` and `finally`, too) stands in the scope around
        outside = (child for children in node.branches.values() for child in children if not child.turns)
        yield from _below(executions, execution_id, outside, scope)


def _turning(loop: Node) -> list[Node]:
    return [child for children in loop.branches.values() for child in children if child.turns]


def _turns(executions: Executions, execution_id: str, run_id: str) -> Iterator[Scope]:
    """The turns of a loop's run whose task runs are there."""
    found = executions.task_runs(execution_id, [run_id]).get(run_id)
    if found is None:
        return
    progress = found.value.progress
    turns = range(progress.value_count) if progress.value_count is not None else [progress.turn or 1]
    for turn in turns:
        yield Scope(run=run_id, turn=turn)
