"""Executions whose process died go on in another one.

The claim is a conditional write of the execution's owner, so of several takers one wins. Its machine starts
from the beginning; task runs that ended answer at once, and an attempt that was at work is begun again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from thermik.executions.kill import finish_kill
from thermik.executions.launch import launch, start_machine, start_queued
from thermik.executions.life import Life
from thermik.executions.model import Execution
from thermik.executions.outcomes import may_work
from thermik.executions.slots import Slots
from thermik.executions.state import StateType
from thermik.storage import schema
from thermik.storage.table import Index


def take_over(life: Life, lives: Callable[[str], bool]) -> int:
    """Claim and start what nobody runs; how many there were.

    Raises:
        TableUnavailable: some may be left; a later call finds them.
    """
    orphans = (each for each in open_executions(life) if not _owned(each, lives))
    claimed = [execution for orphan in orphans if (execution := _claim(life, orphan, lives)) is not None]
    for execution in claimed:
        _go_on(life, execution)
    return len(claimed)


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


def _owned(execution: Execution, lives: Callable[[str], bool]) -> bool:
    owner = execution.progress.owner
    return owner is not None and lives(owner)


def _claim(life: Life, execution: Execution, lives: Callable[[str], bool]) -> Execution | None:
    """The execution, now owned by this process; None when somebody else was faster or it ended."""
    me = life.machines.owner()

    def claimed(current: Execution) -> Execution:
        if current.state.is_terminal or _owned(current, lives):
            return current
        return current.model_copy(update={"progress": current.progress.model_copy(update={"owner": me})})

    changed = life.executions.change_execution(execution.id, claimed)
    return changed if changed.progress.owner == me and not changed.state.is_terminal else None


def _go_on(life: Life, execution: Execution) -> None:
    """Bring an execution that was left behind to where its process was taking it."""
    match execution.state.current:
        case StateType.KILLING:
            finish_kill(life, execution)
        case StateType.CREATED:
            launch(life, execution)
        case StateType.QUEUED:
            if Slots(life.executions.table, execution.namespace, execution.flow_id).holds(execution.id):
                start_queued(life, execution.id)
        case state if may_work(state, held=execution.progress.held):
            plan = life.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision)
            start_machine(life, execution, plan)
        case _:
            return  # paused by hand: it goes on when it is resumed
