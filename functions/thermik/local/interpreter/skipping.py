"""A clock that skips waits, for tests: when nothing is at work, time jumps to the next timer.

    clock = SkippingClock()
    engine = Engine(invoke, clock=clock, timers=clock, workers=2)

Between jumps time goes on as it does. With `automatic=False` it jumps only when `skip` is called, for tests that
answer a task token from outside while its time-out is pending.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from thermik.clock import SystemClock
from thermik.local.interpreter.timers import TimerHandle, TimerHeap, run_action


class SkippingClock:
    """A clock, and the timers that follow it."""

    def __init__(self, *, automatic: bool = True) -> None:
        self._automatic = automatic
        self._system = SystemClock()
        self._skipped = timedelta()
        self._heap = TimerHeap()
        self._changed = threading.Condition()
        self._working = 0
        self._skips = 0
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="thermik-skipping-clock", daemon=True)
        self._thread.start()

    def now(self) -> datetime:
        """The system's time and what was skipped."""
        return self._system.now() + self._skipped

    def at(self, due: float, action: Callable[[], None]) -> TimerHandle:
        """Run an action as soon as nothing is at work and no timer is due before."""
        timer = self._heap.push(due, action)
        with self._changed:
            self._changed.notify_all()
        return timer

    def working(self, change: int) -> None:
        """So many more (fewer) invocations are under way."""
        with self._changed:
            self._working += change
            self._changed.notify_all()

    def skip(self) -> None:
        """Jump to the next timer once, as soon as nothing is at work and there is one."""
        with self._changed:
            self._skips += 1
            self._changed.notify_all()

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout=5)

    def _serve(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._may_jump())
                if self._closed:
                    return
                action = self._jump()
            if action is not None:
                run_action(action)

    def _may_jump(self) -> bool:
        return (self._automatic or self._skips > 0) and self._working == 0 and self._heap.earliest() is not None

    def _jump(self) -> Callable[[], None] | None:
        earliest = self._heap.earliest()
        if earliest is None:
            return None
        self._skips -= not self._automatic
        self._skipped += max(timedelta(), timedelta(seconds=earliest - self.now().timestamp() + 1e-6))
        return self._heap.pop_due(self.now().timestamp())
