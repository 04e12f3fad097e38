"""The SQLite file: opening it, its schema, and what its failures mean to the one who must act.

Write-ahead log (readers never wait for the writer) and `synchronous=FULL` (a commit is on the disk
when it returns). Several processes may use one file.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from thermik.storage.errors import TableUnavailable

SCHEMA_VERSION = 1
_APPLICATION_ID = 0x54484D4B  # "THMK", so that no other program's database is taken for ours

_CHECKPOINT_PAGES = 4000
"""Pages in the log before they are copied into the file: rare enough not to show in latencies, 16 MB of disk."""

_SCHEMA = """
CREATE TABLE items (
    id INTEGER PRIMARY KEY,
    partition TEXT NOT NULL, sort TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL,
    l1 TEXT, g1p TEXT, g1s TEXT, g2p TEXT, g2s TEXT, g3p TEXT, g3s TEXT, g4p TEXT, g4s TEXT,
    expires_at INTEGER
);
CREATE UNIQUE INDEX items_by_key ON items (partition, sort);
CREATE INDEX items_by_l1 ON items (partition, l1) WHERE l1 IS NOT NULL;
CREATE INDEX items_by_g1 ON items (g1p, g1s) WHERE g1p IS NOT NULL;
CREATE INDEX items_by_g2 ON items (g2p, g2s) WHERE g2p IS NOT NULL;
CREATE INDEX items_by_g3 ON items (g3p, g3s) WHERE g3p IS NOT NULL;
CREATE INDEX items_by_g4 ON items (g4p, g4s) WHERE g4p IS NOT NULL;
CREATE INDEX items_by_expiry ON items (expires_at) WHERE expires_at IS NOT NULL;
"""

_ADVICE = {
    sqlite3.SQLITE_FULL: "the disk is full: free some space",
    sqlite3.SQLITE_IOERR: "the disk refuses to read or write: is it full, over its quota, or failing?",
    sqlite3.SQLITE_READONLY: "it may not be written: check the permissions of the file and its directory",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: check that its directory exists and may be written",
    sqlite3.SQLITE_PERM: "access is refused: check the permissions of the file and its directory",
    sqlite3.SQLITE_NOTADB: "it is no SQLite database: move it away, or choose another data directory",
    sqlite3.SQLITE_CORRUPT: "it is damaged: restore it from a backup, or salvage it with `sqlite3 FILE .recover`",
    sqlite3.SQLITE_BUSY: "another process keeps it locked: end that process, or wait for it",
    sqlite3.SQLITE_LOCKED: "another process keeps it locked: end that process, or wait for it",
    sqlite3.SQLITE_NOMEM: "memory ran out",
}


def open_file(path: Path, *, busy_seconds: float) -> sqlite3.Connection:
    """A connection to the file, which is made, with its directory and schema, if it is not there.

    Raises:
        TableUnavailable: it cannot be opened, or is not a file of this version.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TableUnavailable(f"the directory of the database {path} cannot be made: {error.strerror}") from error
    with failures_of(path):
        connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
        try:
            _prepare(connection, path, busy_seconds)
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def failures_of(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into `TableUnavailable` with advice."""
    try:
        yield
    except sqlite3.Error as error:
        raise unavailable(path, error) from error


def unavailable(path: Path, error: sqlite3.Error) -> TableUnavailable:
    """What an error of SQLite's says to the operator."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the upper bits say where, not what
    advice = _ADVICE.get(code)
    return TableUnavailable(f"the database {path}: {advice} ({error})" if advice else f"the database {path}: {error}")


def _prepare(connection: sqlite3.Connection, path: Path, busy_seconds: float) -> None:
    if _user_version(connection) != SCHEMA_VERSION:
        _create(connection, path)
    _use_write_ahead_log(connection, path, time.monotonic() + busy_seconds)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")


def _create(connection: sqlite3.Connection, path: Path) -> None:
    """Make the schema, in one transaction, unless another process was quicker."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _is_new(connection, path):
            for statement in _SCHEMA.strip().split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id={_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _is_new(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether the file has no schema yet; refuses one that is not ours."""
    found = _user_version(connection)
    if found == SCHEMA_VERSION:
        return False
    if found > SCHEMA_VERSION:
        raise TableUnavailable(
            f"the database {path} was written by a newer Thermik (format {found}; this one knows {SCHEMA_VERSION}): "
            "update Thermik, or choose another data directory"
        )
    if found or connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
        raise TableUnavailable(f"the database {path} is another program's: choose another data directory")
    return True


def _user_version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _use_write_ahead_log(connection: sqlite3.Connection, path: Path, deadline: float) -> None:
    """Switch to the write-ahead log. SQLite does not wait for locks here, so we do."""
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            if mode != "wal":
                raise TableUnavailable(f"the file system of {path} has no write-ahead log: choose a local disk")
            return
