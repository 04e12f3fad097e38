"""Functions that make random identities."""

from __future__ import annotations

import secrets
import string
import uuid
from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.frames import Frame
from thermik.expressions.registry import function
from thermik.expressions.services import port
from thermik.expressions.values import is_integer, is_text
from thermik.identity import new_id

MAX_NANO_LENGTH = 1000  # Kestra's
_NANO_LENGTH = 21
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase  # in ASCII's order, so that KSUIDs sort
_NANO_ALPHABET = _BASE62 + "-_"
_KSUID_EPOCH = 1_400_000_000  # seconds since 1970 from which KSUIDs count
_KSUID_RANDOM_BYTES = 16
_KSUID_LENGTH = 27


@function("uuid")
def uuid_() -> str:
    """A random UUID."""
    return str(uuid.uuid4())


@function("id")
def id_() -> str:
    """A random id of 22 letters and digits."""
    return new_id()


@function("nanoId", "length", "alphabet")
def nano_id(length: Any = None, alphabet: Any = None) -> str:
    """A random id of 21 letters, digits, `-` and `_`, or of another length and of other characters."""
    length = _NANO_LENGTH if length is None else length
    alphabet = _NANO_ALPHABET if alphabet is None else alphabet
    if not is_integer(length) or not 0 < length <= MAX_NANO_LENGTH:
        raise ExpressionRuntimeError(f"The 'nanoId' function expects a 'length' from 1 to {MAX_NANO_LENGTH}.")
    if not is_text(alphabet) or not alphabet:
        raise ExpressionRuntimeError("The 'nanoId' function expects an argument 'alphabet' with type string.")
    return "".join(secrets.choice(alphabet) for _ in range(length))


@function("ksuid", framed=True)
def ksuid(frame: Frame) -> str:
    """A KSUID: 27 letters and digits that sort by the second in which they were made."""
    seconds = int(port(frame.services, "now", "ksuid")().timestamp()) - _KSUID_EPOCH
    number = int.from_bytes(seconds.to_bytes(4) + secrets.token_bytes(_KSUID_RANDOM_BYTES))
    digits = []
    for _ in range(_KSUID_LENGTH):
        number, digit = divmod(number, len(_BASE62))
        digits.append(_BASE62[digit])
    return "".join(reversed(digits))
