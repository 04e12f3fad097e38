"""Executions that have not ended, and how one that a crash left behind goes on.

Every step can be repeated, so it does not matter how far the one that died had come.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from thermik.executions.after_end import after_machine
from thermik.executions.ending import is_followed
from thermik.executions.kill import finish_kill
from thermik.executions.launch import launch, pass_on, start_machine, start_queued
from thermik.executions.life import Life
from thermik.executions.model import Execution
from thermik.executions.outcomes import may_work
from thermik.executions.slots import Slots
from thermik.executions.state import StateType
from thermik.storage import schema
from thermik.storage.table import Index, Record


def open_executions(life: Life) -> Iterator[Execution]:
    """Every execution that has not ended, or whose end has not set going yet what it is to; found by index."""
    for page in open_records(life):
        yield from (Execution.model_validate(record.body) for record in page)


def open_records(life: Life) -> Iterator[Sequence[Record]]:
    """The same as they are stored, many at a time: for who looks at all of them and wants few."""
    for shard in range(schema.OPEN_SHARDS):
        cursor: str | None = None
        while True:
            page = life.executions.table.query(
                schema.open_partition(shard), index=Index.FOURTH, limit=500, cursor=cursor
            )
            yield page.records
            cursor = page.cursor
            if cursor is None:
                break


def go_on(life: Life, execution: Execution) -> None:
    """Bring an execution whose machine does not run to where it was going.

    Raises:
        FlowNotFound, InvalidFlow, FlowTooLarge, TableUnavailable, MachinesUnavailable.
    """
    if execution.state.is_terminal:
        _set_going(life, execution)
        return
    match execution.state.current:
        case StateType.KILLING:
            finish_kill(life, execution)
        case StateType.CREATED:
            launch(life, execution)
        case StateType.QUEUED:
            _out_of_queue(life, execution)
        case state if may_work(state, held=execution.progress.held):
            plan = life.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision)
            start_machine(life, execution, plan)
        case _:
            return  # paused by hand: it goes on when it is resumed


def _out_of_queue(life: Life, execution: Execution) -> None:
    """Start what was given a slot; otherwise whoever is next, in case that whoever gave one up could not."""
    slots = Slots(life.executions.table, execution.namespace, execution.flow_id)
    if slots.holds(execution.id):
        start_queued(life, execution.id)
        return
    plan = life.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision)
    if plan.flow.concurrency is not None:
        pass_on(life, slots, plan.flow.concurrency.limit)


def _set_going(life: Life, execution: Execution) -> None:
    """What the end of an execution should have set going, and a crash right behind it prevented."""
    plan = life.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision)
    if is_followed(execution, plan):
        start_machine(life, execution, plan)
    else:
        after_machine(life, execution)
