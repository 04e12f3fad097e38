"""The port of the one table: items by key, conditional writes, queries by index.

Small on purpose: DynamoDB and SQLite must both give it exactly. An item is a JSON object with
a version; every change names the version that it read, so nothing is overwritten unseen and a
write can be repeated. There are no partial updates and no scans.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from typing import Any, Protocol, TypedDict, Unpack

from thermik.records import record

MAX_TRANSACTION_WRITES = 100
"""Actions in one transaction: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html"""

MAX_ITEM_BYTES = 380 * 1024
"""Largest body accepted, so that keys, indexes and attribute names stay within DynamoDB's 400 KB per item."""

MAX_TRANSACTION_BYTES = 3_500_000
"""Bodies in one transaction, together: DynamoDB's 4 MB, less room for keys and indexes (same page as above)."""

MAX_PAGE_RECORDS = 1000
"""Most records that one page holds, whatever limit is asked for."""


@record
class Key:
    """An item's place: its partition, and its sort key within it."""

    partition: str
    sort: str


class Index(StrEnum):
    """Secondary orders of the items; an item is in an index when it has a key there (sparse).

    LOCAL orders the items of the item's own partition and is read consistently (its key's partition
    must be the item's); the numbered ones span partitions and may lag by moments on AWS.
    What each is used for is the schema's business (`storage/schema.py`).
    """

    LOCAL = "l1"
    FIRST = "g1"
    SECOND = "g2"
    THIRD = "g3"
    FOURTH = "g4"


@record
class Record:
    """An item: where it is, what it says, and which version of it this is.

    Attributes:
        body: a JSON object (text keys; text, numbers, booleans, null, lists, objects). Read only.
        version: 0 for one that is not stored; the table counts it up by one at each write.
        indexes: its key in each secondary order that it takes part in.
        expires_at: epoch seconds after which the item may vanish; None keeps it. A reader never
            sees an expired item.
    """

    key: Key
    body: dict[str, Any]
    version: int = 0
    indexes: Mapping[Index, Key] = field(default_factory=dict)
    expires_at: int | None = None


@record
class Put:
    """Write the record as version `record.version + 1`, if the stored one is `record.version` (0: none is stored).

    An item that expired counts as not stored.
    """

    record: Record


@record
class Delete:
    """Remove the item; with a version, only if that is the stored one.

    Without a version, removing what is not there succeeds.
    """

    key: Key
    version: int | None = None


@record
class Check:
    """Let the transaction pass only if the stored version is this one (0: none is stored)."""

    key: Key
    version: int


Write = Put | Delete | Check


@record
class Page:
    """Some records of a query, in its order, and where to go on: None when there are no more."""

    records: list[Record]
    cursor: str | None


class Narrowing(TypedDict, total=False):
    """What a query asks for besides its partition. Each is optional, and all combine freely.

    Attributes:
        index: an order of the items other than that of their sort keys.
        prefix: only sort keys that begin so.
        start: smallest sort key, included. end: largest sort key, included.
        descending: the largest sort key first.
        limit: at most so many records (100 if not said, and never above `MAX_PAGE_RECORDS`); a page may hold fewer,
            even none, and still have a cursor.
        cursor: opaque, from an earlier page of the same query.
    """

    index: Index | None
    prefix: str
    start: str | None
    end: str | None
    descending: bool
    limit: int
    cursor: str | None


class Table(Protocol):
    """What Thermik needs from a database. Thread-safe. Reads by key and LOCAL queries see every finished write."""

    def get(self, keys: Sequence[Key]) -> list[Record | None]:
        """The records of these keys, in their order, None for what is not there.

        Any number of keys, duplicates allowed.

        Cost on AWS: one call for each 100 distinct keys (one GetItem for a single key).

        Raises:
            TableUnavailable: the database cannot be reached or refuses to work.
        """
        ...

    def write(self, *writes: Write) -> None:
        """Carry out all writes, or none: atomically, at most `MAX_TRANSACTION_WRITES`, each key once.

        Durable when it returns. One write is one plain call on AWS; several are a transaction.

        Raises:
            Conflict: a version differs; nothing was written.
            ItemTooLarge: a body exceeds `MAX_ITEM_BYTES`, or all together `MAX_TRANSACTION_BYTES`; nothing was written.
            InvalidKey: a key is empty, too long or no UTF-8; nothing was written.
            TableUnavailable: the database cannot be reached; whether it was written is not known.
        """
        ...

    def query(self, partition: str, **narrowing: Unpack[Narrowing]) -> Page:
        """Records of one partition (of the index, if given) by sort key, a page at a time.

        Raises:
            InvalidCursor: the cursor is not one of this query's.
            InvalidKey: a bound is no UTF-8 text, or longer than a sort key may be.
            TableUnavailable: the database cannot be reached.
        """
        ...

    def close(self) -> None:
        """Give up connections and threads; finished writes stay."""
        ...
