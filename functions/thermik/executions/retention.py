"""Executions that ended long ago are forgotten with their task runs, logs and files, where a time is set for that.

Found by the month of their creation and deleted as by hand, so that nothing has to be written when an execution ends,
a restart needs no undoing, and files go with what they belong to. It is repeated at intervals beside the sweep.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from thermik.clock import instant_text
from thermik.executions.changes import delete
from thermik.executions.life import Life
from thermik.executions.model import Execution
from thermik.storage import schema
from thermik.storage.blobs import Blobs
from thermik.storage.table import Index

MONTHS = 120
"""How far back from the first date to be kept is looked: one query of an index a month, most of which find nothing."""

_operator = logging.getLogger(__name__)


def forget_old(life: Life, blobs: Blobs, keep: timedelta, until: datetime) -> int:
    """Delete executions that ended longer ago than `keep`, oldest months last; how many could not be deleted.

    Args:
        until: when to leave the rest to the next time.

    Raises:
        TableUnavailable: executions cannot be listed.
    """
    failed = 0
    kept_from = life.clock.now() - keep
    for execution in _created_before(life, kept_from):
        if life.clock.now() >= until:
            break
        if not _ended_before(execution, kept_from):
            continue
        try:
            delete(life, blobs, execution.id)
        except Exception:  # noqa: BLE001 - whatever it is, the others go on
            failed += 1
            _operator.exception("execution %s, which ended long ago, cannot be deleted", execution.id)
    return failed


def _ended_before(execution: Execution, date: datetime) -> bool:
    """Whether it has ended, and everything that its end sets going is done."""
    over = execution.state.is_terminal and not execution.progress.aftermath
    return over and execution.state.histories[-1].date < date


def _created_before(life: Life, date: datetime) -> Iterator[Execution]:
    month = date
    for _ in range(MONTHS):
        partition = schema.month_partition(schema.ALL, instant_text(month))
        cursor: str | None = None
        while True:
            page = life.executions.table.query(
                partition, index=Index.SECOND, end=instant_text(date), limit=500, cursor=cursor
            )
            yield from (Execution.model_validate(record.body) for record in page.records)
            cursor = page.cursor
            if cursor is None:
                break
        month = month.replace(day=1) - timedelta(days=1)  # the last day of the month before
