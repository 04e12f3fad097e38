"""What every table adapter checks and encodes before it writes, so that both refuse the same things.

The bounds are DynamoDB's. SQLite would take more, but a flow that works on a laptop must work on AWS.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from thermik.storage.errors import InvalidKey, ItemTooLarge
from thermik.storage.table import (
    MAX_ITEM_BYTES,
    MAX_TRANSACTION_BYTES,
    MAX_TRANSACTION_WRITES,
    Check,
    Delete,
    Index,
    Key,
    Put,
    Record,
    Write,
)

MAX_PARTITION_BYTES = 2048
MAX_SORT_BYTES = 1024
"""Key sizes: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""

_MAX_INTEGER = 2**63 - 1

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_encode_ascii = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class EncodedPut:
    """A checked `Put` with its body as JSON text."""

    record: Record
    body: str


EncodedWrite = EncodedPut | Delete | Check


def encode_writes(writes: Sequence[Write]) -> list[EncodedWrite]:
    """Check a transaction as a whole and encode its bodies.

    Raises:
        ItemTooLarge: a body, or all bodies together, are too large.
        InvalidKey: a key cannot be stored.
        ValueError: too many writes, a key named twice, or a body that is no JSON.
    """
    if len(writes) > MAX_TRANSACTION_WRITES:
        raise ValueError(f"{len(writes)} writes in one transaction; at most {MAX_TRANSACTION_WRITES} are possible")
    encoded = [_encode_put(write) if isinstance(write, Put) else _checked(write) for write in writes]
    if len(encoded) > 1:
        _check_together(encoded)
    return encoded


def key_of(write: EncodedWrite) -> Key:
    """The key that a write is about."""
    return write.record.key if isinstance(write, EncodedPut) else write.key


def is_storable(key: Key) -> bool:
    """Whether an item may have this key; if not, there is none to be found."""
    return _fits(key.partition, MAX_PARTITION_BYTES) and _fits(key.sort, MAX_SORT_BYTES)


def is_text(text: str) -> bool:
    """Whether a text can be written as UTF-8: it has no lone surrogate."""
    return text.isascii() or _utf8_size(text) is not None


def body_text(body: dict[str, Any]) -> tuple[str, int]:
    """A body as JSON text, and its size in bytes of UTF-8.

    A text with a lone surrogate has no UTF-8; such a body is written with escapes, so that it comes back as it was.

    Raises:
        ValueError: the body holds a NaN or an infinity, which JSON lacks.
    """
    text = _encode(body)
    if text.isascii():
        return text, len(text)
    size = _utf8_size(text)
    if size is not None:
        return text, size
    text = _encode_ascii(body)
    return text, len(text)


def _encode_put(put: Put) -> EncodedPut:
    record = put.record
    _check_key(record.key)
    for index, key in record.indexes.items():
        _check_key(key)
        if index is Index.LOCAL and key.partition != record.key.partition:
            raise InvalidKey(f"the LOCAL index key of {record.key} is in another partition: {key.partition!r}")
    if not 0 <= record.version < _MAX_INTEGER or abs(record.expires_at or 0) > _MAX_INTEGER:
        raise ValueError(f"version or expiry of {record.key} is out of range")
    text, size = body_text(record.body)
    if size > MAX_ITEM_BYTES:
        raise ItemTooLarge(f"the item {record.key} has {size} bytes; at most {MAX_ITEM_BYTES} can be stored")
    return EncodedPut(record, text)


def _checked(write: Delete | Check) -> Delete | Check:
    _check_key(write.key)
    return write


def _check_key(key: Key) -> None:
    if not is_storable(key):
        raise InvalidKey(
            f"the key {key.partition[:100]!r} / {key.sort[:100]!r} cannot be stored: both parts must be UTF-8 text "
            f"of 1 to {MAX_PARTITION_BYTES} and 1 to {MAX_SORT_BYTES} bytes"
        )


def _check_together(writes: Sequence[EncodedWrite]) -> None:
    if len({key_of(write) for write in writes}) != len(writes):
        raise ValueError("a transaction names a key twice")
    # Characters times four is the worst case of UTF-8; only then is it worth counting bytes.
    bodies = [write.body for write in writes if isinstance(write, EncodedPut)]
    if sum(map(len, bodies)) * 4 <= MAX_TRANSACTION_BYTES:
        return
    size = sum(len(body.encode()) for body in bodies)
    if size > MAX_TRANSACTION_BYTES:
        raise ItemTooLarge(f"the transaction has {size} bytes; at most {MAX_TRANSACTION_BYTES} can be stored at once")


def _fits(text: str, limit: int) -> bool:
    size = len(text) if text.isascii() else _utf8_size(text)
    return size is not None and 0 < size <= limit


def _utf8_size(text: str) -> int | None:
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return None
