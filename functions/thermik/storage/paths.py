"""Which keys a blob may have: a `/`-separated path that cannot lead anywhere else, on any store."""

from __future__ import annotations

from thermik.storage.errors import InvalidKey

MAX_KEY_BYTES = 1024
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""

MAX_PART_BYTES = 255
"""Longest file name of the usual file systems (NAME_MAX)."""


def key_parts(key: str) -> list[str]:
    """The parts of a key.

    Raises:
        InvalidKey: it is empty, absolute, too long, not UTF-8, or has an empty, `.`, `..` or NUL-bearing part.
    """
    problem = _problem(key)
    if problem:
        raise InvalidKey(f"the key {key[:100]!r} {problem}")
    return key.split("/")


def _problem(key: str) -> str | None:
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return "is no UTF-8 text"
    if size > MAX_KEY_BYTES:
        return f"has {size} bytes; at most {MAX_KEY_BYTES} are possible"
    if "\0" in key:
        return "has a NUL character"
    for part in key.split("/"):
        if part in {"", ".", ".."}:
            return "has an empty, `.` or `..` part"
        if len(part.encode()) > MAX_PART_BYTES:
            return f"has a part of more than {MAX_PART_BYTES} bytes"
    return None
