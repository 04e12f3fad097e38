"""Tells those who wait that something of an execution was written in this process, so that they need not ask.

It also knows which executions are open as far as this process wrote of them, and so what it leaves when it ends.

What other processes on the same data directory write is not told: who waits asks now and then as well.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from thermik.executions.state import TERMINAL
from thermik.storage import schema
from thermik.storage.table import Delete, Key, Put, Record, Table, Write

_EXECUTION = schema.execution("").sort

REMEMBERED_ENDS = 4096
"""Executions whose end is remembered, so that who asks a moment later need not look it up."""

Listener = Callable[[Record], None]


class Changes:
    """Who wants to know of writes, by partition."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Listener]] = {}
        self._lock = threading.Lock()
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._open: dict[str, str | None] = {}

    @contextmanager
    def listen(self, partition: str, listener: Listener) -> Iterator[None]:
        """Call the listener after each write of the partition, on the writer's thread, until the end of the block."""
        with self._lock:
            self._listeners.setdefault(partition, []).append(listener)
        try:
            yield
        finally:
            with self._lock:
                remaining = [each for each in self._listeners[partition] if each is not listener]
                if remaining:
                    self._listeners[partition] = remaining
                else:
                    del self._listeners[partition]

    def tell(self, writes: Sequence[Write]) -> None:
        """Tell what was written."""
        for write in writes:
            if isinstance(write, Delete):
                self._note_deletion(write.key)
            elif isinstance(write, Put):
                self._note(write.record)
                for listener in self._listeners.get(write.record.key.partition, ()):
                    listener(write.record)

    def has_ended(self, partition: str) -> bool:
        """Whether the end of this partition's execution was among the last writes; false does not mean that it runs."""
        return partition in self._ended

    def has_open(self, owner: str) -> bool:
        """Whether an execution of this owner was open when it was last written here; others may have ended it."""
        with self._lock:
            return owner in self._open.values()

    def _note(self, record: Record) -> None:
        if record.key.sort != _EXECUTION:
            return
        progress = record.body["progress"]
        with self._lock:
            if is_end(record) and not progress.get("aftermath"):
                self._open.pop(record.key.partition, None)
            else:
                self._open[record.key.partition] = progress.get("owner")
        if is_end(record):
            self._note_end(record)

    def _note_deletion(self, key: Key) -> None:
        if key.sort == _EXECUTION:
            with self._lock:
                self._open.pop(key.partition, None)

    def _note_end(self, record: Record) -> None:
        with self._lock:
            self._ended[record.key.partition] = None
            if len(self._ended) > REMEMBERED_ENDS:
                self._ended.popitem(last=False)


def is_end(record: Record) -> bool:
    """Whether a record is that of an execution that has ended."""
    return record.key.sort == _EXECUTION and record.body["state"]["current"] in TERMINAL


class WatchedTable:
    """A table that tells what it has written."""

    def __init__(self, table: Table) -> None:
        self.get = table.get
        self.query = table.query
        self.close = table.close
        self._write = table.write
        self.changes = Changes()

    def write(self, *writes: Write) -> None:
        """See `Table.write`."""
        self._write(*writes)
        self.changes.tell(writes)
