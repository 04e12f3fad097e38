"""Timers in a heap, served by one thread that sleeps until the earliest is due.

The thread starts with the first timer and asks the clock when it wakes, so a timer never runs early.
"""

from __future__ import annotations

import heapq
import logging
import threading
from collections.abc import Callable
from itertools import count
from typing import Protocol

from thermik.clock import Clock

LONGEST_SLEEP = 30.0
"""Seconds after which the thread looks at the clock again: a laptop that slept sets it forward."""
_FEW = 64

_log = logging.getLogger(__name__)


class TimerHandle(Protocol):
    """A timer that may be called off."""

    def cancel(self) -> None:
        """Call it off; it may be running by now, and its action must bear that."""
        ...


class Timers(Protocol):
    """Runs actions at their time."""

    def at(self, due: float, action: Callable[[], None]) -> TimerHandle:
        """Run an action at an instant, in seconds since 1970; at once if that is past, never within this call."""
        ...

    def working(self, change: int) -> None:
        """So many more invocations are queued or running (fewer, if negative). Told for clocks that skip."""
        ...

    def close(self) -> None:
        """Run no more actions."""
        ...


class Timer:
    """A timer in the heap. Without an action it has been called off."""

    __slots__ = ("_heap", "action")

    def __init__(self, heap: TimerHeap, action: Callable[[], None]) -> None:
        self._heap = heap
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Call it off, and let go of what its action holds."""
        if self.action is not None:
            self.action = None
            self._heap.cancelled()


class TimerHeap:
    """Timers by the instant at which they are due; cancelled ones are swept out when they are the most."""

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, Timer]] = []
        self._order = count()
        self._cancelled = 0
        self._lock = threading.Lock()

    def push(self, due: float, action: Callable[[], None]) -> Timer:
        """Add a timer."""
        timer = Timer(self, action)
        with self._lock:
            heapq.heappush(self._entries, (due, next(self._order), timer))
        return timer

    def cancelled(self) -> None:
        """One of the timers was called off."""
        with self._lock:
            self._cancelled += 1
            if self._cancelled > _FEW and self._cancelled * 2 > len(self._entries):
                self._entries = [entry for entry in self._entries if entry[2].action is not None]
                heapq.heapify(self._entries)
                self._cancelled = 0

    def earliest(self) -> float | None:
        """When the first timer is due, if there is one."""
        with self._lock:
            while self._entries and self._entries[0][2].action is None:
                heapq.heappop(self._entries)
                self._cancelled -= 1
            return self._entries[0][0] if self._entries else None

    def pop_due(self, now: float) -> Callable[[], None] | None:
        """Take the first timer's action, if it is due."""
        with self._lock:
            while self._entries and self._entries[0][0] <= now:
                timer = heapq.heappop(self._entries)[2]
                action, timer.action = timer.action, None
                if action is not None:
                    return action
                self._cancelled -= 1
        return None


def run_action(action: Callable[[], None]) -> None:
    """Run a timer's action; a failing one is logged, the others must still run."""
    try:
        action()
    except Exception:  # noqa: BLE001 - logged; the thread must live
        _log.exception("a timer's action failed")


class HeapTimers:
    """The timers of real time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap = TimerHeap()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._wakes = float("inf")
        self._closed = False

    def at(self, due: float, action: Callable[[], None]) -> TimerHandle:
        """Run an action at an instant, on the timers' thread."""
        timer = self._heap.push(due, action)
        if due < self._wakes:
            with self._changed:
                if self._thread is None and not self._closed:
                    self._thread = threading.Thread(target=self._serve, name="thermik-timers", daemon=True)
                    self._thread.start()
                self._changed.notify()
        return timer

    def working(self, change: int) -> None:
        """Real time goes on, whoever works."""

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5)

    def _serve(self) -> None:
        while not self._closed:
            now = self._clock.now().timestamp()
            action = self._heap.pop_due(now)
            if action is not None:
                run_action(action)
            else:
                self._sleep(now)

    def _sleep(self, now: float) -> None:
        with self._changed:
            self._wakes = float("inf")  # from here on, each new timer notifies
            earliest = self._heap.earliest()
            if self._closed or (earliest is not None and earliest <= now):
                return
            self._wakes = float("inf") if earliest is None else earliest
            self._changed.wait(None if earliest is None else min(earliest - now, LONGEST_SLEEP))
            self._wakes = float("-inf")
