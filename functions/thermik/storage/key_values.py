"""KV pairs of namespaces, and the small documents that tasks keep between executions, in the table.

Used by tasks, by expressions and by the API alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from thermik.clock import Clock, instant_text
from thermik.records import record
from thermik.storage import schema
from thermik.storage.errors import Conflict
from thermik.storage.table import Delete, Key, Put, Record, Table

MAX_ROUNDS = 20
"""How often a write that others keep overtaking begins again."""

_KEY = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]*")


def bad_key(key: str) -> str | None:
    """Why a text can be no pair's key, in Kestra's words; None if it can."""
    if _KEY.fullmatch(key):
        return None
    return (
        f"'{key[:200]}': Key must start with an alphanumeric character (uppercase or lowercase) and can contain "
        "alphanumeric characters (uppercase or lowercase), dots (.), underscores (_), and hyphens (-) only."
    )


@record
class Pair:
    """A KV pair as it is stored.

    Attributes:
        kind: Kestra's type: STRING NUMBER BOOLEAN DATETIME DATE DURATION JSON.
        revision: counts the writes. created, updated: instants as text. expires: epoch seconds, or None.
    """

    key: str
    value: Any
    kind: str
    revision: int
    created: str
    updated: str
    description: str | None = None
    expires: int | None = None


@record
class Entry:
    """What a pair is set to.

    Attributes:
        kind: as a `Pair`'s.
        lives: how long the pair is kept; None for ever.
    """

    value: Any
    kind: str
    description: str | None = None
    lives: timedelta | None = None


@record
class KeyValueStore:
    """The KV pairs of all namespaces."""

    table: Table
    clock: Clock

    def get(self, namespace: str, key: str) -> Pair | None:
        """A pair, None if there is none or it has expired."""
        record = self.table.get([schema.key_value(namespace, key)])[0]
        return _pair(record) if record else None

    def put(self, namespace: str, key: str, entry: Entry) -> Pair:
        """Set a pair over whatever there is. Raises: Conflict when others keep setting it, ItemTooLarge."""
        place = schema.key_value(namespace, key)
        for _ in range(MAX_ROUNDS):
            # read again each time: the pair keeps the date of its making, and its revision counts on
            [found] = self.table.get([place])
            try:
                return self._write(place, entry, found)
            except Conflict:
                continue
        raise Conflict(f"the key {key} of {namespace} was changed by others {MAX_ROUNDS} times over: try again")

    def add(self, namespace: str, key: str, entry: Entry, *, by: str) -> Pair | None:
        """Set a pair if there is none; None, and nothing changed, if there is one.

        Args:
            by: who sets it; the same one may set the same pair again, as a repeated call does.
        """
        place = schema.key_value(namespace, key)
        try:
            return self._write(place, entry, None, by=by)
        except Conflict:
            # an attempt that wrote it and was lost before it could say so comes again, and must not find itself refused
            [found] = self.table.get([place])
            return _pair(found) if found is not None and found.body.get("by") == by else None

    def delete(self, namespace: str, key: str) -> bool:
        """Delete a pair; whether there was one."""
        place = schema.key_value(namespace, key)
        there = self.table.get([place])[0] is not None
        self.table.write(Delete(place))
        return there

    def pairs(self, namespace: str, prefix: str = "") -> list[Pair]:
        """The pairs whose keys begin so, by key."""
        found: list[Pair] = []
        cursor: str | None = None
        while True:
            page = self.table.query(schema.key_values_partition(namespace), prefix=prefix, limit=500, cursor=cursor)
            found.extend(map(_pair, page.records))
            cursor = page.cursor
            if cursor is None:
                return found

    def _write(self, place: Key, entry: Entry, found: Record | None, *, by: str | None = None) -> Pair:
        now = self.clock.now()
        body = {
            "value": entry.value,
            "kind": entry.kind,
            "description": entry.description,
            "created": found.body["created"] if found else instant_text(now),
            "updated": instant_text(now),
            "by": by,
        }
        expires = int((now + entry.lives).timestamp()) if entry.lives is not None else None
        record = Record(place, body, found.version if found else 0, expires_at=expires)
        self.table.write(Put(record))
        return _pair(replace(record, version=record.version + 1))


@record
class TaskStates:
    """Documents by key; the key's spelling is the tasks' (`tasks/state`)."""

    table: Table

    def load(self, key: str) -> Mapping[str, Any] | None:
        """A document, or None."""
        record = self.table.get([schema.task_state(key)])[0]
        return record.body if record else None

    def save(self, key: str, document: Mapping[str, Any]) -> None:
        """Write a whole document; the last writer wins. Raises: Conflict when others keep writing it."""
        place = schema.task_state(key)
        for _ in range(MAX_ROUNDS):
            found = self.table.get([place])[0]
            try:
                self.table.write(Put(Record(place, dict(document), found.version if found else 0)))
            except Conflict:
                continue
            return
        raise Conflict(f"the state {key} was changed by others {MAX_ROUNDS} times over: try again")

    def remove(self, key: str) -> bool:
        """Delete a document; whether there was one."""
        place = schema.task_state(key)
        there = self.table.get([place])[0] is not None
        self.table.write(Delete(place))
        return there


def _pair(record: Record) -> Pair:
    body = record.body
    return Pair(
        key=record.key.sort,
        value=body["value"],
        kind=body["kind"],
        revision=record.version,
        created=body["created"],
        updated=body["updated"],
        description=body["description"],
        expires=record.expires_at,
    )
