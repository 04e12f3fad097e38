"""A process that dies at a chosen write: from then on nothing of it reaches the table or the blobs.

Its threads may go on for a moment, as the processor's last instructions would, but whatever they read or write
raises `Died`. The lock that says that the process lives is let go, as the kernel would.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from engine.running import Around
from thermik.local.runtime import Runtime


class Died(BaseException):
    """The process is gone; nothing can catch this, and nothing does."""


class When(Enum):
    BEFORE = "before"
    AFTER = "after"


@dataclass
class Death:
    """The death at the n-th write to the table or to the blobs, counted from 1."""

    at: int
    when: When
    writes: int = 0
    came: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def around(self) -> Around:
        return Around(
            table=lambda table: _Mortal(table, self, writing={"write"}),  # type: ignore[arg-type,return-value]
            blobs=lambda blobs: _Mortal(blobs, self, writing={"put", "delete"}),  # type: ignore[arg-type,return-value]
        )

    def during(self, write: Callable[[], Any]) -> Any:
        with self._lock:
            self.writes += 1
            fatal = self.writes == self.at
        if not fatal:
            return write()
        if self.when is When.AFTER:
            write()
        self.came.set()
        raise Died

    def bury(self, runtime: Runtime) -> None:
        """What the kernel does with a process that is gone."""
        self.came.set()
        runtime.machines.engine.close(timeout=0)
        runtime.process.close()


class _Mortal:
    """An adapter whose calls end with the process."""

    def __init__(self, inner: Any, death: Death, *, writing: set[str]) -> None:
        self._inner = inner
        self._death = death
        self._writing = writing

    def __getattr__(self, name: str) -> Any:
        called = getattr(self._inner, name)
        if not callable(called):
            return called

        def call(*given: Any, **named: Any) -> Any:
            if self._death.came.is_set():
                raise Died
            if name in self._writing:
                return self._death.during(lambda: called(*given, **named))
            return called(*given, **named)

        return call
