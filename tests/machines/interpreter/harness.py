"""What the interpreter's tests share: an engine around a function, in real time or with a clock that skips."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from thermik.clock import SystemClock
from thermik.local.interpreter import Engine, ExecutionStatus, SkippingClock

PATIENCE = 20.0


class Harness:
    """An engine, and what it told."""

    def __init__(self, invoke: Callable[[str, Any], Any], clock: SkippingClock | None, workers: int) -> None:
        self.ended: list[ExecutionStatus] = []
        self.clock = clock
        self.engine = Engine(
            invoke,
            clock=clock or SystemClock(),
            timers=clock,
            workers=workers,
            on_status=self.ended.append,
            trace=True,
        )

    def run(self, machine: Any, data: Any = None, name: str = "e") -> ExecutionStatus:
        self.engine.start(machine, name, {} if data is None else data)
        return self.engine.wait(name, PATIENCE)

    def entered(self, name: str = "e") -> list[str]:
        return [line.state for line in self.engine.history(name)]


@contextmanager
def engine(
    invoke: Callable[[str, Any], Any] = lambda _function, payload: payload,
    *,
    clock: SkippingClock | None = None,
    workers: int = 4,
) -> Iterator[Harness]:
    harness = Harness(invoke, clock, workers)
    try:
        yield harness
    finally:
        harness.engine.close(timeout=PATIENCE)


class Gate:
    """A function that says when it was called and returns when it is let go."""

    def __init__(self) -> None:
        self.called = threading.Semaphore(0)
        self.open = threading.Event()
        self.payloads: list[Any] = []

    def __call__(self, _function: str, payload: Any) -> Any:
        self.payloads.append(payload)
        self.called.release()
        assert self.open.wait(PATIENCE)
        return payload

    def await_call(self) -> Any:
        assert self.called.acquire(timeout=PATIENCE)
        return self.payloads[-1]
