"""AES/GCM as Kestra keeps a secret text: base64 of a 12-byte nonce, the ciphertext and its 16-byte tag.

One implementation for SECRET inputs and outputs at rest and for the functions `encrypt` and `decrypt` of expressions:
each reads what the other wrote. The library is imported at the first use, since few flows have secrets.
"""

from __future__ import annotations

import base64
import os

from thermik.records import record

_NONCE_BYTES = 12  # what GCM is made for: NIST SP 800-38D, section 5.2.1.1
_KEY_BYTES = (16, 24, 32)


class EncryptionError(Exception):
    """The key is no key, or the text was not encrypted with it."""


@record
class AesGcm:
    """Encryption with one key of 16, 24 or 32 bytes."""

    key: bytes

    def __repr__(self) -> str:
        return "AesGcm(…)"  # no log and no trace shows the key

    @classmethod
    def from_base64(cls, text: str) -> AesGcm:
        """With a key as a secret holds it. Raises: EncryptionError."""
        try:
            key = base64.b64decode(text, validate=True)
        except ValueError as error:
            raise EncryptionError("the encryption key is not base64") from error
        if len(key) not in _KEY_BYTES:
            raise EncryptionError(f"the encryption key must have 16, 24 or 32 bytes and has {len(key)}")
        return cls(key)

    def encrypt(self, text: str) -> str:
        """The encrypted text; another one each time, since a nonce that comes twice would give the key's texts away."""
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
