"""Secrets on a laptop: the key that encrypts SECRET inputs, and the values of `secret()`.

The key is made once and kept in the data directory, readable by its owner only. Secret values come from the
environment as Kestra reads them: `SECRET_MY_KEY` holds the base64 of the secret `MY_KEY`.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from thermik.aes_gcm import AesGcm

PREFIX = "SECRET_"
_KEY_BYTES = 32


def encryption(data: Path) -> AesGcm:
    """The encryption of this data directory; its key is made at the first use, once however many processes begin."""
    path = data / "encryption.key"
    if not path.exists():
        _make_key(path)
    return AesGcm.from_base64(path.read_text().strip())


def _make_key(path: Path) -> None:
    """Write a key beside its place and link it there, so that nobody reads half of one or replaces one in use."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(base64.b64encode(os.urandom(_KEY_BYTES)).decode())
        stream.flush()
        os.fsync(stream.fileno())
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


class EnvironmentSecrets:
    """Secret values by key, the same in every namespace."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def keys(self) -> list[str]:
        """The keys of all secrets."""
        return [name.removeprefix(PREFIX) for name in self._environment if name.startswith(PREFIX)]

    def __call__(self, _namespace: str, key: str) -> str:
        """A secret's value. Raises: KeyError when there is none, or it is not base64 of a text."""
        encoded = self._environment[PREFIX + key]
        try:
            return base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise KeyError(f"{key}: {PREFIX}{key} is not the base64 of a text") from error


def environment_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """`envs` of expressions: what begins with `ENV_`, without it, in lower case."""
    prefix = "ENV_"
    return {name.removeprefix(prefix).lower(): value for name, value in environment.items() if name.startswith(prefix)}
