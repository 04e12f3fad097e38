"""Executions that a crash left behind go on: those without a machine get one, those whose machine is over are ended.

On AWS machines run by themselves, so nothing tells that one is missing: a function that died between writing an
execution and starting its machine, an event of its end that was lost. Repeated at intervals (the `events` function),
it is what makes sure that no execution stays open without a machine. A laptop takes over by owner instead
(`local/takeover.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta

from thermik.executions.ended_machines import settle_ended_machine
from thermik.executions.kill import finish_kill
from thermik.executions.launch import launch, start_machine, start_queued
from thermik.executions.life import Life
from thermik.executions.model import Execution
from thermik.executions.outcomes import may_work
from thermik.executions.slots import Slots
from thermik.executions.state import StateType
from thermik.machines.client import machine_name
from thermik.storage import schema
from thermik.storage.table import Index

GRACE = timedelta(minutes=1)
"""An execution whose state changed so lately is left to whoever is changing it."""

_operator = logging.getLogger(__name__)


def sweep(life: Life, has_ended: Callable[[Execution], bool]) -> int:
    """Bring every open execution to where it was going; how many could not be.

    One that fails is logged and does not hold up the others; the next sweep tries it again.

    Args:
        has_ended: whether the machine of an execution, in its present generation, is over.

    Raises:
        TableUnavailable: executions cannot be listed.
    """
    failed = 0
    latest = life.clock.now() - GRACE
    for execution in open_executions(life):
        if execution.state.histories[-1].date > latest:
            continue
        try:
            _go_on(life, execution, has_ended)
        except Exception:  # noqa: BLE001 - whatever it is, the others go on
            failed += 1
            _operator.exception("the sweep cannot bring execution %s on its way", execution.id)
    return failed


def open_executions(life: Life) -> Iterator[Execution]:
    """Every execution that has not ended, found by index."""
    for shard in range(schema.OPEN_SHARDS):
        cursor: str | None = None
        while True:
            page = life.executions.table.query(
                schema.open_partition(shard), index=Index.FOURTH, limit=500, cursor=cursor
            )
            yield from (Execution.model_validate(record.body) for record in page.records)
            cursor = page.cursor
            if cursor is None:
                break


def _go_on(life: Life, execution: Execution, has_ended: Callable[[Execution], bool]) -> None:
    match execution.state.current:
        case StateType.KILLING:
            finish_kill(life, execution)
        case StateType.CREATED if not has_ended(execution):
            launch(life, execution)
        case StateType.QUEUED:
            if Slots(life.executions.table, execution.namespace, execution.flow_id).holds(execution.id):
                start_queued(life, execution.id)
        case state if may_work(state, held=execution.progress.held):
            if has_ended(execution):
                settle_ended_machine(life, machine_name(execution))
            else:
                plan = life.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision)
                start_machine(life, execution, plan)
        case _:
            return  # paused by hand: it goes on when it is resumed
