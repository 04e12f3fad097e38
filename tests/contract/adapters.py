"""What stands in for the world when an adapter is under contract: a clock that is set, and clients as atomic as AWS."""

from __future__ import annotations

import io
import random
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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

    def close(self) -> None:
        """Nothing: the next test needs it too."""

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


PATTERN = random.Random(1).randbytes(99_991)


class Endless(io.RawIOBase):
    """So many bytes, each read shorter than asked for, none of them in memory."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._at = 0
        self._size = size

    def read(self, size: int = -1) -> bytes:
        assert size > 0, "it must not be read as a whole"
        begin = self._at % len(PATTERN)
        piece = PATTERN[begin : begin + min(size, self._size - self._at, 60_000)]
        self._at += len(piece)
        return piece


@contextmanager
def at_most(peak_bytes: int) -> Iterator[None]:
    """Fails if more memory than this is held at any moment within."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < peak_bytes
