"""The table on SQLite: Thermik's memory on a laptop, and in tests.

One connection writes, by group commit; a few read, each lent to one thread at a time. Expired items
are filtered out of every read and every condition, and swept along with some later commit.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Unpack

from thermik.clock import Clock, SystemClock
from thermik.storage.encoding import EncodedPut, EncodedWrite, encode_writes, is_storable, key_of
from thermik.storage.errors import Conflict, TableUnavailable
from thermik.storage.group_commit import GroupCommit, Ticket
from thermik.storage.ranges import decode_cursor, encode_cursor, select
from thermik.storage.sqlite_file import failures_of, open_file, unavailable
from thermik.storage.sqlite_rows import (
    DELETE,
    DELETE_VERSION,
    GET,
    INSERT,
    SWEEP,
    UPDATE,
    VERSION,
    columns_of,
    place,
    query_statement,
    record_of,
)
from thermik.storage.table import Check, Delete, Key, Narrowing, Page, Record, Write

_Transaction = Sequence[EncodedWrite]

_BUSY_SECONDS = 10.0  # another process's commit takes milliseconds: longer means that it hangs
_IDLE_READERS = 16  # of more threads than that the connections are closed: each holds its own cache of pages
_SWEEP_EVERY_SECONDS = 60.0
_SWEEP_ITEMS = 200  # few enough that the commit which they ride on is not felt


class SqliteTable:
    """`Table` on one SQLite file, which is made if it is not there.

    Args:
        path: the file; its directory is made too.
        busy_seconds: how long to wait for another process's lock.

    Raises:
        TableUnavailable: the file cannot be used; the message says what to do.
    """

    def __init__(self, path: Path, *, clock: Clock | None = None, busy_seconds: float = _BUSY_SECONDS) -> None:
        self._path = path
        self._clock = clock or SystemClock()
        self._busy_seconds = busy_seconds
        self._writer = open_file(path, busy_seconds=busy_seconds)
        self._commits: GroupCommit[_Transaction] = GroupCommit(self._commit)
        self._readers: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._closed = False
        self._swept_at = self._now()

    def get(self, keys: Sequence[Key]) -> list[Record | None]:
        """See `Table.get`."""
        now = self._now()
        with self._reader() as reader:
            rows = {
                key: reader.execute(GET, (key.partition, key.sort, now)).fetchone() for key in keys if is_storable(key)
            }
        return [record_of(row) if (row := rows.get(key)) else None for key in keys]

    def write(self, *writes: Write) -> None:
        """See `Table.write`."""
        if writes:
            self._commits.run(encode_writes(writes))

    def query(self, partition: str, **narrowing: Unpack[Narrowing]) -> Page:
        """See `Table.query`."""
        selection = select(partition, narrowing)
        cursor = narrowing.get("cursor")
        position = decode_cursor(selection, cursor, (str, int)) if cursor is not None else None
        if selection.is_empty:
            return Page([], None)
        sql, values = query_statement(selection, position)
        with self._reader() as reader:
            # one more than asked for tells whether a page follows, without a second query
            rows = reader.execute(sql, (*values, self._now(), selection.limit + 1)).fetchall()
        more = encode_cursor(selection, list(rows[selection.limit - 1][-2:])) if len(rows) > selection.limit else None
        return Page([record_of(row) for row in rows[: selection.limit]], more)

    def close(self) -> None:
        """See `Table.close`."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            readers, self._readers = self._readers, []
        for reader in readers:
            reader.close()
        self._commits.run(())  # nobody commits after this
        self._writer.close()

    def _now(self) -> float:
        return self._clock.now().timestamp()

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        """A connection for this thread alone. The one last used first: its pages are still warm."""
        self._check_open()
        with self._lock:
            reader = self._readers.pop() if self._readers else None
        reader = reader or open_file(self._path, busy_seconds=self._busy_seconds)
        try:
            with failures_of(self._path):
                yield reader
        finally:
            with self._lock:
                keep = not self._closed and len(self._readers) < _IDLE_READERS
                if keep:
                    self._readers.append(reader)
            if not keep:
                reader.close()

    def _check_open(self) -> None:
        if self._closed:
            raise TableUnavailable(f"the database {self._path} was closed by this process")

    def _commit(self, tickets: Sequence[Ticket[_Transaction]]) -> None:
        """Make all these transactions durable by one flush; one that conflicts fails alone."""
        if self._closed:
            work = [ticket for ticket in tickets if ticket.work]
            for ticket in work:
                ticket.error = TableUnavailable(f"the database {self._path} was closed by this process")
            return
        now = self._now()
        sweep = abs(now - self._swept_at) > _SWEEP_EVERY_SECONDS  # `abs`: the clock may have been set back
        try:
            if len(tickets) == 1 and len(tickets[0].work) == 1 and not sweep:
                # One statement commits itself: two calls fewer, and each call gives other threads the interpreter.
                self._apply_alone(tickets[0], now)
            else:
                self._apply_together(tickets, now, sweep=sweep)
        except sqlite3.Error as error:
            raise unavailable(self._path, error) from error

    def _apply_alone(self, ticket: Ticket[_Transaction], now: float) -> None:
        if not _apply(self._writer, ticket.work[0], now):
            ticket.error = _conflict(ticket.work)

    def _apply_together(self, tickets: Sequence[Ticket[_Transaction]], now: float, *, sweep: bool) -> None:
        # IMMEDIATE: a lock taken at the first write instead would fail at once, not wait, behind another process
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            for ticket in tickets:
                if not _apply_all(self._writer, ticket.work, now):
                    ticket.error = _conflict(ticket.work)
            if sweep:
                self._writer.execute(SWEEP, (now, _SWEEP_ITEMS))
                self._swept_at = now
            self._writer.execute("COMMIT")
        finally:
            if self._writer.in_transaction:  # it failed, and SQLite did not already roll it back
                self._writer.execute("ROLLBACK")


def _apply_all(writer: sqlite3.Connection, writes: _Transaction, now: float) -> bool:
    """Carry out one transaction inside the shared one; False, and nothing done, if a version differs."""
    if len(writes) == 1:
        return _apply(writer, writes[0], now)
    writer.execute("SAVEPOINT one")
    passed = all(_apply(writer, write, now) for write in writes)
    if not passed:
        writer.execute("ROLLBACK TO one")
    writer.execute("RELEASE one")
    return passed


def _apply(writer: sqlite3.Connection, write: EncodedWrite, now: float) -> bool:
    """Carry out one write; False, and nothing done, if the stored version is not the one it names."""
    match write:
        case EncodedPut(record=Record(version=0) as record, body=body):
            return writer.execute(INSERT, (*place(record.key), *columns_of(record, body), now)).rowcount == 1
        case EncodedPut(record=record, body=body):
            values = (*columns_of(record, body), *place(record.key), record.version, now)
            return writer.execute(UPDATE, values).rowcount == 1
        case Delete(key=key, version=None):
            writer.execute(DELETE, place(key))
            return True
        case Delete(key=key, version=version):
            return writer.execute(DELETE_VERSION, (*place(key), version, now)).rowcount == 1
        case Check(key=key, version=version):
            row = writer.execute(VERSION, (*place(key), now)).fetchone()
            return bool((row[0] if row else 0) == version)


def _conflict(writes: _Transaction) -> Conflict:
    keys = ", ".join(f"{key.partition} / {key.sort}" for key in map(key_of, writes[:3]))
    return Conflict(f"someone else wrote first: {keys}{', ...' if len(writes) > 3 else ''}")
