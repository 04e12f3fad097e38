"""Encryption of SECRET inputs and outputs at rest: what an installation gives, and a key that is fetched late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from thermik.aes_gcm import AesGcm, EncryptionError
from thermik.records import record


class Encryption(Protocol):
    """Turns a secret text into one that may be kept, and back."""

    def encrypt(self, text: str) -> str:
        """The encrypted text; another one each time."""
        ...

    def decrypt(self, encrypted: str) -> str:
        """The text again. Raises: EncryptionError."""
        ...


@record
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
