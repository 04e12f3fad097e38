"""Tells those who wait that something of an execution was written in this process, so that they need not ask.

What other processes on the same data directory write is not told: who waits asks now and then as well.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from thermik.storage.table import Put, Record, Table, Write

Listener = Callable[[Record], None]


class Changes:
    """Who wants to know of writes, by partition."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Listener]] = {}
        self._lock = threading.Lock()

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
        if not self._listeners:
            return
        for write in writes:
            if isinstance(write, Put):
                for listener in self._listeners.get(write.record.key.partition, ()):
                    listener(write.record)


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
