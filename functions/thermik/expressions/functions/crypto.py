"""Encryption: AES/GCM/NoPadding, a random vector of 12 bytes in front, a tag of 128 bits, all in base 64."""

from __future__ import annotations

import base64
import os
from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.registry import function
from thermik.expressions.values import is_text

_VECTOR_BYTES = 12
_KEY_BYTES = (16, 24, 32)


def _cipher(key: Any) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        secret = base64.b64decode(key, validate=True) if is_text(key) else b""
    except ValueError:
        secret = b""
    if len(secret) not in _KEY_BYTES:
        raise ExpressionRuntimeError("The encryption key must be 16, 24 or 32 bytes in base 64")
    return AESGCM(secret)


@function("encrypt", "key", "plaintext", required=2)
def encrypt(key: Any, plaintext: Any) -> str:
    """Encrypt a text with a key in base 64; an empty text stays empty."""
    cipher = _cipher(key)
    if plaintext is None or plaintext == "":
        return ""
    if not is_text(plaintext):
        raise ExpressionRuntimeError("The 'encrypt' function expects an argument 'plaintext' with type string.")
    vector = os.urandom(_VECTOR_BYTES)
    return base64.b64encode(vector + cipher.encrypt(vector, plaintext.encode("utf-8", "replace"), None)).decode()


@function("decrypt", "key", "encrypted", required=2)
def decrypt(key: Any, encrypted: Any) -> str:
    """Decrypt what `encrypt` made; an empty text stays empty."""
    from cryptography.exceptions import InvalidTag

    cipher = _cipher(key)
    if encrypted is None or encrypted == "":
        return ""
    try:
        data = base64.b64decode(encrypted, validate=True)
        return str(cipher.decrypt(data[:_VECTOR_BYTES], data[_VECTOR_BYTES:], None).decode())
    except (InvalidTag, ValueError, TypeError) as error:
        raise ExpressionRuntimeError("The encrypted text does not belong to this key") from error
