"""Executions whose process died go on in another one.

The claim is a conditional write of the execution's owner, so of several takers one wins. Its machine starts
from the beginning; task runs that ended answer at once, and an attempt that was at work is begun again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from thermik.executions.lifecycle import Life, start_again
from thermik.executions.model import Execution
from thermik.executions.outcomes import may_work
from thermik.storage import schema
from thermik.storage.table import Index


def take_over(life: Life, lives: Callable[[str], bool]) -> int:
    """Claim and start what nobody runs; how many there were.

    Raises:
        TableUnavailable: some may be left; a later call finds them.
    """
    taken = 0
    for execution in open_executions(life):
        owner = execution.progress.owner
        if owner is not None and lives(owner):
            continue
        claimed = _claim(life, execution, lives)
        if claimed is not None and may_work(claimed.state.current, held=claimed.progress.held):
            start_again(life, claimed)
            taken += 1
    return taken


def open_executions(life: Life) -> Iterator[Execution]:
    """Every execution that has not ended, found by index."""
    for shard in range(schema.OPEN_SHARDS):
        cursor: str | None = None
        while True:
            page = life.executions.table.query(
                schema.open_partition(shard), index=Index.FOURTH, limit=500, cursor=cursor
            )
            for record in page.records:
                yield Execution.model_validate(record.body)
            cursor = page.cursor
            if cursor is None:
                break


def _claim(life: Life, execution: Execution, lives: Callable[[str], bool]) -> Execution | None:
    """The execution, now owned by this process; None when somebody else was faster or it ended."""
    me = life.machines.owner()

    def claimed(current: Execution) -> Execution:
        owner = current.progress.owner
        if current.state.is_terminal or (owner is not None and lives(owner)):
            return current
        return current.model_copy(update={"progress": current.progress.model_copy(update={"owner": me})})

    changed = life.executions.change_execution(execution.id, claimed)
    return changed if changed.progress.owner == me and not changed.state.is_terminal else None
