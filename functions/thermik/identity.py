"""Identifiers: random ones for what is new, derived ones for what may be asked for twice.

Both are 22 characters of base 62 (128 bits), the form of Kestra's ids, so that URLs and
clients need not care where an id came from.
"""

from __future__ import annotations

import hashlib
import secrets

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ID_LENGTH = 22
_BITS = 128


def new_id() -> str:
    """A random id that nobody can guess."""
    return _base62(secrets.randbits(_BITS))


def derived_id(*parts: str) -> str:
    """The id that these parts always have: the same parts, the same id.

    Parts are length-prefixed before hashing: ("ab", "c") and ("a", "bc") differ.
    """
    digest = hashlib.blake2b(digest_size=_BITS // 8)
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(4, "big"))
        digest.update(encoded)
    return _base62(int.from_bytes(digest.digest(), "big"))


def _base62(number: int) -> str:
    digits = []
    for _ in range(ID_LENGTH):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
