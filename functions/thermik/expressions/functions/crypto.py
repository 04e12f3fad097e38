"""Encryption: see `thermik/aes_gcm.py` for the form of what is encrypted."""

from __future__ import annotations

from typing import Any

from thermik.aes_gcm import AesGcm, EncryptionError
from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.registry import function
from thermik.expressions.values import is_text, well_formed


def _cipher(key: Any) -> AesGcm:
    try:
        return AesGcm.from_base64(key if is_text(key) else "")
    except EncryptionError as error:
        raise ExpressionRuntimeError("The encryption key must be 16, 24 or 32 bytes in base 64") from error


@function("encrypt", "key", "plaintext", required=2)
def encrypt(key: Any, plaintext: Any) -> str:
    """Encrypt a text with a key in base 64; an empty text stays empty."""
    cipher = _cipher(key)
    if plaintext is None or plaintext == "":
        return ""
    if not is_text(plaintext):
        raise ExpressionRuntimeError("The 'encrypt' function expects an argument 'plaintext' with type string.")
    return cipher.encrypt(well_formed(plaintext))


@function("decrypt", "key", "encrypted", required=2)
def decrypt(key: Any, encrypted: Any) -> str:
    """Decrypt what `encrypt` made; an empty text stays empty."""
    cipher = _cipher(key)
    if encrypted is None or encrypted == "":
        return ""
    try:
        return cipher.decrypt(encrypted if is_text(encrypted) else "")
    except EncryptionError as error:
        raise ExpressionRuntimeError("The encrypted text does not belong to this key") from error
