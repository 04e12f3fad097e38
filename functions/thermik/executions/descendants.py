"""The task runs below a flowable's run, found by their derived ids."""

from __future__ import annotations

from collections.abc import Iterator

from thermik.executions.model import Scope
from thermik.executions.places import task_run_id
from thermik.executions.repository import Executions
from thermik.flows.tree import Node


def descendants(executions: Executions, execution_id: str, node: Node, scope: Scope | None) -> Iterator[str]:
    """The ids of all runs that can be below a flowable in a scope: its own children's turn for a loop."""
    for children in node.branches.values():
        for child in children:
            run_id = task_run_id(execution_id, child.id, scope)
            yield run_id
            if child.is_loop:
                yield from _below_loop(executions, execution_id, child, run_id)
            else:
                yield from descendants(executions, execution_id, child, scope)


def _below_loop(executions: Executions, execution_id: str, loop: Node, run_id: str) -> Iterator[str]:
    found = executions.task_runs(execution_id, [run_id]).get(run_id)
    if found is None:
        return
    progress = found.value.progress
    turns = range(progress.value_count) if progress.value_count is not None else [progress.turn or 1]
    for turn in turns:
        yield from descendants(executions, execution_id, loop, Scope(run=run_id, turn=turn))
