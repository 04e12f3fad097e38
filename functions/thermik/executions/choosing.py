"""Which executions are meant by a namespace, a flow, dates and states: found by index.

For tasks that count executions or forget them. A flow's executions are in one partition, all others are read by the
month of their creation, the newest first.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import MINYEAR, UTC, timedelta

from thermik.clock import instant_text
from thermik.executions.model import Execution
from thermik.storage import schema
from thermik.storage.table import Index, Table
from thermik.tasks.housekeeping import ExecutionChoice

EMPTY_MONTHS = 120
"""How many months in a row without any execution end a search that names no first date."""

_AFTER_EVERY_ID = "\U0010ffff"


def chosen_executions(table: Table, chosen: ExecutionChoice, page: int = 500) -> Iterator[Execution]:
    """The executions that are meant. Deleting what came is no matter for what comes. Raises: TableUnavailable."""
    for execution in _created(table, chosen, page):
        if chosen.states is not None and execution.state.current.value not in chosen.states:
            continue
        if chosen.has(execution.namespace, execution.flow_id):
            yield execution


def _created(table: Table, chosen: ExecutionChoice, page: int) -> Iterator[Execution]:
    if chosen.namespace is not None and chosen.flow_id is not None:
        partition = schema.flow_partition(chosen.namespace, chosen.flow_id)
        yield from _of_partition(table, partition, Index.FIRST, chosen, page)
        return
    month, empty = chosen.end.astimezone(UTC), 0
    first = instant_text(chosen.start)[:7] if chosen.start else ""
    while empty < EMPTY_MONTHS and instant_text(month)[:7] >= first:
        empty += 1
        partition = schema.month_partition(schema.ALL, instant_text(month))
        for execution in _of_partition(table, partition, Index.SECOND, chosen, page):
            empty = 0
            yield execution
        if month.year == MINYEAR:  # nothing is older, and no date either
            return
        month = month.replace(day=1) - timedelta(days=1)


def _of_partition(
    table: Table, partition: str, index: Index, chosen: ExecutionChoice, page: int
) -> Iterator[Execution]:
    start = instant_text(chosen.start) if chosen.start else None
    end = instant_text(chosen.end) + _AFTER_EVERY_ID
    cursor: str | None = None
    while True:
        found = table.query(partition, index=index, start=start, end=end, limit=page, cursor=cursor)
        yield from (Execution.model_validate(record.body) for record in found.records)
        cursor = found.cursor
        if cursor is None:
            return
