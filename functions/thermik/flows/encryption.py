"""Encryption of SECRET inputs and outputs at rest: AES/GCM, in the form of Kestra's `encrypt` function.

The text kept is base64 of a 12-byte nonce, the ciphertext and its 16-byte tag. The library is imported at the
first use: few flows have secrets.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

_NONCE_BYTES = 12
_KEY_BYTES = (16, 24, 32)


class EncryptionError(Exception):
    """The key is no key, or the text was not encrypted with it."""


class Encryption(Protocol):
    """Turns a secret text into one that may be kept, and back."""

    def encrypt(self, text: str) -> str:
        """The encrypted text; another one each time."""
        ...

    def decrypt(self, encrypted: str) -> str:
        """The text again. Raises: EncryptionError."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class AesGcm:
    """Encryption with one key of 16, 24 or 32 bytes."""

    key: bytes

    @classmethod
    def from_base64(cls, text: str) -> AesGcm:
        """With a key as a secret holds it. Raises: EncryptionError."""
        try:
            key = base64.b64decode(text, validate=True)
        except (ValueError, binascii.Error) as error:
            raise EncryptionError("the encryption key is not base64") from error
        if len(key) not in _KEY_BYTES:
            raise EncryptionError(f"the encryption key must have 16, 24 or 32 bytes and has {len(key)}")
        return cls(key)

    def encrypt(self, text: str) -> str:
        """The encrypted text; another one each time."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(_NONCE_BYTES)
        return base64.b64encode(nonce + AESGCM(self.key).encrypt(nonce, text.encode(), None)).decode()

    def decrypt(self, encrypted: str) -> str:
        """The text again. Raises: EncryptionError."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            content = base64.b64decode(encrypted, validate=True)
            return AESGCM(self.key).decrypt(content[:_NONCE_BYTES], content[_NONCE_BYTES:], None).decode()
        except (InvalidTag, ValueError) as error:
            raise EncryptionError("the text was not encrypted with this key") from error


@dataclass(frozen=True, slots=True, repr=False)
class LaterAesGcm:
    """Encryption with a key that is fetched when it is needed; whoever gives it keeps it.

    Attributes:
        fetch: gives the base64 of a key of 16, 24 or 32 bytes.
    """

    fetch: Callable[[], str]

    def encrypt(self, text: str) -> str:
        """The encrypted text; another one each time. Raises: EncryptionError."""
        return self._cipher().encrypt(text)

    def decrypt(self, encrypted: str) -> str:
        """The text again. Raises: EncryptionError."""
        return self._cipher().decrypt(encrypted)

    def _cipher(self) -> AesGcm:
        try:
            return AesGcm.from_base64(self.fetch())
        except KeyError as missing:
            raise EncryptionError("there is no encryption key") from missing
