"""Secrets of AWS Secrets Manager: the values of `secret()`, and the key that encrypts SECRET inputs.

A value is `<prefix><key>`, a plain text. It is kept for some minutes in a warm function, so that a loop of a thousand
turns asks once; for so long a changed secret may still have its old value.
"""

from __future__ import annotations

import re
import threading
from datetime import datetime, timedelta
from typing import Any

from thermik.clock import Clock
from thermik.storage.aws import advice, error_code
from thermik.storage.errors import SecretsUnavailable

KEPT = timedelta(minutes=5)
MAX_KEPT = 1_000

_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
"""https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html"""

_ABSENT = "ResourceNotFoundException"


class SecretsManager:
    """Secrets by name. Thread-safe.

    Args:
        client: of Secrets Manager; first used for the first secret, since most tasks need none.
    """

    def __init__(self, client: Any, clock: Clock, prefix: str) -> None:
        self._client = client
        self._clock = clock
        self._prefix = prefix
        self._kept: dict[str, tuple[str, datetime]] = {}
        self._lock = threading.Lock()

    def __call__(self, _namespace: str, key: str) -> str:
        """The value of a key, the same in every namespace. Raises: KeyError, SecretsUnavailable."""
        return self.text(self._prefix + key)

    def text(self, name: str) -> str:
        """The text of a secret, by its name or ARN. Raises: KeyError: there is none; SecretsUnavailable."""
        if not (_NAME.fullmatch(name) or name.startswith("arn:")):
            raise KeyError(name)
        now = self._clock.now()
        with self._lock:
            value, until = self._kept.get(name, ("", now))
        if until > now:
            return value
        value = self._fetched(name)
        with self._lock:
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[name] = (value, now + KEPT)
        return value

    def _fetched(self, name: str) -> str:
        try:
            answer = self._client.get_secret_value(SecretId=name)
        except Exception as error:
            code = error_code(error)
            if code == _ABSENT:
                raise KeyError(name) from error
            raise SecretsUnavailable(f"The secret {name} cannot be read: {advice(code)} ({error})") from error
        if "SecretString" not in answer:
            raise KeyError(f"{name} is binary, not a text")
        return str(answer["SecretString"])
