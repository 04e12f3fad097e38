"""What a query asks for, as one range of sort keys, and the cursors that go on within it.

Prefix, start and end combine freely in the port; DynamoDB allows one condition on the sort key and
SQLite is best with two bounds, so both adapters work from the same `Selection`. Sort keys are ordered
by their UTF-8 bytes, which is the order of code points, which is the order of Python's `str`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass

from thermik.storage.encoding import is_storable, is_text
from thermik.storage.errors import InvalidCursor, InvalidKey
from thermik.storage.table import MAX_PAGE_RECORDS, Index, Key, Narrowing

_PAGE_RECORDS = 100
_MAX_CURSOR_CHARACTERS = 16_384
_LAST_CHARACTER = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)  # characters that UTF-8 has not


@dataclass(frozen=True, slots=True)
class Selection:
    """The records that a query selects, in its order.

    Attributes:
        low: smallest sort key, included.
        high: largest sort key, included; None for no bound.
        below: first sort key beyond the prefix, excluded; None for no bound.
        limit: records of a page at most. No part of the range: a cursor goes on in pages of any size.
    """

    partition: str
    index: Index | None
    prefix: str
    low: str
    high: str | None
    below: str | None
    descending: bool
    limit: int

    @property
    def is_empty(self) -> bool:
        """Whether no item can be in it: no sort key is in the range, or no item could have this partition."""
        if not is_storable(Key(self.partition, "any")):
            return True
        return (self.high is not None and self.high < self.low) or (self.below is not None and self.below <= self.low)


def select(partition: str, narrowing: Narrowing) -> Selection:
    """The selection of a query's arguments, its cursor left aside.

    Raises:
        InvalidKey: a bound is longer than any sort key, or has no UTF-8, so nothing can be compared with it.
    """
    prefix, start, end = narrowing.get("prefix", ""), narrowing.get("start"), narrowing.get("end")
    for bound in (prefix, start, end):
        if bound and not is_storable(Key(bound[:1], bound)):
            raise InvalidKey(f"a query's bound is too long, or no UTF-8 text: {bound[:100]!r}")
    limit = min(narrowing.get("limit", _PAGE_RECORDS), MAX_PAGE_RECORDS)
    if limit < 1:
        raise ValueError(f"a page of {limit} records cannot be read")
    return Selection(
        partition,
        narrowing.get("index"),
        prefix,
        low=max(prefix, start or ""),
        high=end,
        below=_after_prefix(prefix),
        descending=narrowing.get("descending", False),
        limit=limit,
    )


def encode_cursor(selection: Selection, position: list[str | int]) -> str:
    """A cursor that says where this query's page ended; opaque, safe in a URL."""
    text = json.dumps([_fingerprint(selection), *position], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(selection: Selection, cursor: str, kinds: tuple[type, ...]) -> list[str | int]:
    """The position in a cursor of this query, whose values have these kinds.

    The fingerprint guards against mistakes, not against malice: whatever position a caller forges, the
    query still answers only from its own partition and range.

    Raises:
        InvalidCursor: it is not one of this query's.
    """
    if len(cursor) > _MAX_CURSOR_CHARACTERS:
        raise InvalidCursor("the cursor is too long to be one")
    try:
        text = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        values = json.loads(text)
    except (ValueError, binascii.Error, RecursionError) as error:
        raise InvalidCursor("the cursor cannot be read") from error
    if not isinstance(values, list) or not values or values[0] != _fingerprint(selection):
        raise InvalidCursor("the cursor is of another query")
    position = values[1:]
    if tuple(map(type, position)) != kinds or not all(_is_position(value) for value in position):
        raise InvalidCursor("the cursor's position cannot be read")
    return position


def _is_position(value: str | int) -> bool:
    return is_text(value) if isinstance(value, str) else abs(value) < 2**63


def _fingerprint(selection: Selection) -> str:
    parts = [
        selection.partition,
        selection.index,
        selection.prefix,
        selection.low,
        selection.high,
        selection.descending,
    ]
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=6).hexdigest()


def _after_prefix(prefix: str) -> str | None:
    """The smallest text above every text that begins with the prefix; None if there is none."""
    stem = prefix.rstrip(chr(_LAST_CHARACTER))
    if not stem:
        return None
    following = ord(stem[-1]) + 1
    return stem[:-1] + chr(_SURROGATES.stop if following in _SURROGATES else following)
