"""The rows of the SQLite table: the statements that read and write them, and records from and to them.

Every statement is one text from a fixed set, so that SQLite prepares each only once a connection.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from thermik.storage.ranges import Selection
from thermik.storage.table import Index, Key, Record

Row = tuple[Any, ...]

_GLOBAL = (Index.FIRST, Index.SECOND, Index.THIRD, Index.FOURTH)
_INDEX_COLUMNS = ["l1", *(f"{index}{part}" for index in _GLOBAL for part in "ps")]
_COLUMNS = ", ".join(["partition", "sort", "version", "body", *_INDEX_COLUMNS, "expires_at"])
_VALUES = ["version", "body", *_INDEX_COLUMNS, "expires_at"]
_ALIVE = "(expires_at IS NULL OR expires_at > ?)"

INSERT = (
    f"INSERT INTO items ({_COLUMNS}) VALUES ({', '.join('?' * (len(_VALUES) + 2))}) ON CONFLICT (partition, sort) "  # noqa: S608 - our own column names
    f"DO UPDATE SET {', '.join(f'{name}=excluded.{name}' for name in _VALUES)} WHERE items.expires_at <= ?"
)
UPDATE = (
    f"UPDATE items SET {', '.join(f'{name}=?' for name in _VALUES)} "  # noqa: S608 - our own column names
    f"WHERE partition=? AND sort=? AND version=? AND {_ALIVE}"
)
DELETE = "DELETE FROM items WHERE partition=? AND sort=?"
DELETE_VERSION = f"{DELETE} AND version=? AND {_ALIVE}"
VERSION = f"SELECT version FROM items WHERE partition=? AND sort=? AND {_ALIVE}"  # noqa: S608 - our own column names
GET = f"SELECT {_COLUMNS} FROM items WHERE partition=? AND sort=? AND {_ALIVE}"  # noqa: S608 - our own column names
SWEEP = "DELETE FROM items WHERE id IN (SELECT id FROM items WHERE expires_at <= ? LIMIT ?)"


def place(key: Key) -> tuple[str, str]:
    """The values that name a row."""
    return key.partition, key.sort


def columns_of(record: Record, body: str) -> Row:
    """The row's columns from the version on."""
    indexes = record.indexes
    local = indexes.get(Index.LOCAL)
    columns: list[str | None] = [local.sort if local else None]
    for index in _GLOBAL:
        key = indexes.get(index)
        columns += (key.partition, key.sort) if key else (None, None)
    return record.version + 1, body, *columns, record.expires_at


def record_of(row: Row) -> Record:
    """The record in a row of `GET`'s columns; further columns are passed over."""
    partition, sort, version, body, local, *places, expires_at = row[:14]
    indexes = {Index.LOCAL: Key(partition, local)} if local is not None else {}
    for number, index in enumerate(_GLOBAL):
        if places[2 * number] is not None:
            indexes[index] = Key(places[2 * number], places[2 * number + 1])
    return Record(Key(partition, sort), json.loads(body), version, indexes, expires_at)


def query_statement(selection: Selection, position: Sequence[str | int] | None) -> tuple[str, list[str | int]]:
    """The statement of a query and its values, to which the time and a limit are added.

    Each row ends with its sort key in the index and its number, which orders items of the same sort key: the
    position of a cursor.
    """
    index = selection.index
    partition, sort = "partition", "sort"
    if index is Index.LOCAL:
        sort = "l1"
    elif index is not None:
        partition, sort = f"{index}p", f"{index}s"
    conditions = [f"{partition}=?", f"{sort}>=?"]
    values: list[str | int] = [selection.partition, selection.low]
    if selection.high is not None:
        conditions.append(f"{sort}<=?")
        values.append(selection.high)
    if selection.below is not None:
        conditions.append(f"{sort}<?")
        values.append(selection.below)
    if position is not None:  # where the last page ended, not an offset: rows that come and go do not shift it
        conditions.append(f"({sort}, id) {'<' if selection.descending else '>'} (?, ?)")
        values += position
    order = "DESC" if selection.descending else "ASC"
    sql = (
        f"SELECT {_COLUMNS}, {sort}, id FROM items WHERE {' AND '.join(conditions)} AND {_ALIVE} "  # noqa: S608 - our own column names
        f"ORDER BY {sort} {order}, id {order} LIMIT ?"
    )
    return sql, values
