"""What stands in for the world when an adapter is under contract: a clock that is set, and clients as atomic as AWS."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

Meddle = Callable[[str, Any, dict[str, Any]], Any]


class SetClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.instant = datetime(2030, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def epoch(self) -> int:
        return int(self.instant.timestamp())

    def move(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)


class OneAtATime:
    """A client whose calls are atomic, as AWS's are; moto's are not when threads call them."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = threading.RLock()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not callable(found):
            return found

        def call(*positional: Any, **named: Any) -> Any:
            with self._lock:
                return found(*positional, **named)

        return call


class Meddled:
    """A client some of whose calls go otherwise: `meddle(operation, call, arguments)` answers in their place."""

    def __init__(self, client: Any, meddle: Meddle) -> None:
        self.exceptions = client.exceptions
        self._client = client
        self._meddle = meddle

    def __getattr__(self, operation: str) -> Any:
        call = getattr(self._client, operation)
        return lambda **arguments: self._meddle(operation, call, arguments)
