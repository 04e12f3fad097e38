"""The flows that listen to executions, found by an index and kept for a moment: one query where nobody listens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from thermik.clock import Clock
from thermik.flows import keys
from thermik.storage.table import Index, Table

MAX_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Listener:
    """A flow with Flow triggers, in its newest revision."""

    namespace: str
    flow_id: str
    revision: int


class Listeners:
    """The flows that listen, read again when what is known is older than `keep`, or was forgotten. Thread-safe."""

    def __init__(self, table: Table, clock: Clock, keep: timedelta) -> None:
        self._table = table
        self._clock = clock
        self._keep = keep
        self._known: tuple[datetime, tuple[Listener, ...]] | None = None
        self._forgotten = 0

    def all(self) -> tuple[Listener, ...]:
        """Every flow that listens. Raises: TableUnavailable."""
        now = self._clock.now()
        known = self._known
        if known is None or now - known[0] >= self._keep:
            known = self._look(now)
        return known[1]

    def forget(self) -> None:
        """A flow was saved: what was read before is not true any more, nor what somebody is just reading."""
        self._forgotten += 1
        self._known = None

    def _look(self, now: datetime) -> tuple[datetime, tuple[Listener, ...]]:
        forgotten = self._forgotten
        found = (now, tuple(self._read()))
        self._known = found
        if self._forgotten != forgotten:  # a flow was saved meanwhile, perhaps behind this read
            self._known = None
        return found

    def _read(self) -> Iterator[Listener]:
        cursor: str | None = None
        while True:
            page = self._table.query(keys.LISTENERS, index=Index.THIRD, limit=MAX_PAGE, cursor=cursor)
            for record in page.records:
                yield Listener(record.body["namespace"], record.body["id"], record.body["revision"])
            cursor = page.cursor
            if cursor is None:
                return
