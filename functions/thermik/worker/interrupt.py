"""Stopping work from outside: a time-out, or a kill that somebody else has recorded.

A task cannot be forced to stop; it is told (`Interruption`) and must end what it started. One thread of the
worker watches all attempts (`Watch`): it fires time-outs, looks every now and then whether the execution was
killed, and writes logs that have waited long enough. A task that ends sooner than the first look costs nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

LOOK_EVERY_SECONDS = 0.5
"""How often a running attempt's execution is looked at: one read each time, after the first so many seconds."""

_operator = logging.getLogger(__name__)


class Reason(StrEnum):
    """Why an attempt must stop."""

    TIMEOUT = "TIMEOUT"
    KILLED = "KILLED"


class Interruption:
    """The wish that an attempt stop: raised once, never withdrawn. Thread-safe."""

    def __init__(self) -> None:
        self.reason: Reason | None = None
        self._raised = threading.Event()
        self._lock = threading.Lock()
        self._actions: list[Callable[[], None]] = []

    def interrupt(self, reason: Reason) -> None:
        """Ask for the end; what was registered is called, each action whatever becomes of the others."""
        with self._lock:
            if self.reason is not None:
                return
            self.reason = reason
            actions, self._actions = self._actions, []
        self._raised.set()
        for action in actions:
            _call(action)

    def on_interrupt(self, action: Callable[[], None]) -> None:
        """Register an action; it is called at once if the wish was raised already."""
        with self._lock:
            if self.reason is None:
                self._actions.append(action)
                return
        _call(action)

    def wait(self, seconds: float) -> bool:
        """Wait so long at the most; whether the wish was raised."""
        return self._raised.wait(seconds)


def _call(action: Callable[[], None]) -> None:
    try:
        action()
    except Exception:  # noqa: BLE001 - the other actions must be called all the same
        _operator.exception("an attempt could not be interrupted")


@dataclass(eq=False, slots=True)
class Watched:
    """An attempt at work.

    Attributes:
        timeout_at: monotonic seconds at which it has run too long, or None.
        must_stop: looks whether the execution was killed. on_look: called at each look, too.
        next_look: monotonic seconds.
    """

    interruption: Interruption
    timeout_at: float | None
    must_stop: Callable[[], bool]
    on_look: Callable[[], None]
    next_look: float


class Watch:
    """The thread that watches; it sleeps without waking while nothing is at work."""

    def __init__(self) -> None:
        self._watched: set[Watched] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def begin(
        self,
        interruption: Interruption,
        timeout: float | None,
        must_stop: Callable[[], bool],
        on_look: Callable[[], None],
    ) -> Watched:
        """Watch an attempt, from now on, for at most `timeout` seconds."""
        now = time.monotonic()
        watched = Watched(
            interruption, now + timeout if timeout is not None else None, must_stop, on_look, now + LOOK_EVERY_SECONDS
        )
        with self._changed:
            self._watched.add(watched)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="thermik-watch", daemon=True)
                self._thread.start()
            # Beside others, one without a time-out is due after them: the thread need not be woken for it.
            elif len(self._watched) == 1 or timeout is not None:
                self._changed.notify()
        return watched

    def end(self, watched: Watched) -> None:
        """Stop watching."""
        with self._changed:
            self._watched.discard(watched)

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._watched:
                    self._changed.wait()
                now = time.monotonic()
                due = [each for each in self._watched if _due(each) <= now]
                if not due:
                    self._changed.wait(min((_due(each) for each in self._watched), default=now + 1) - now)
                    continue
            for watched in due:
                _look(watched, now)


def _due(watched: Watched) -> float:
    return watched.next_look if watched.timeout_at is None else min(watched.next_look, watched.timeout_at)


def _look(watched: Watched, now: float) -> None:
    if watched.timeout_at is not None and watched.timeout_at <= now:
        watched.timeout_at = None
        watched.interruption.interrupt(Reason.TIMEOUT)
    if watched.next_look <= now:
        watched.next_look = time.monotonic() + LOOK_EVERY_SECONDS
        try:
            watched.on_look()
            if watched.must_stop():
                watched.interruption.interrupt(Reason.KILLED)
        except Exception:  # noqa: BLE001 - the table is away for a moment: the task goes on, the next look tries again
            _operator.exception("an attempt's execution could not be looked at")
