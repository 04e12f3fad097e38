"""The threads that invoke functions: started as they are needed, up to a number, idle without using the processor.

A job's end gives the jobs that follow from it. When nothing else waits, the thread takes the first of them itself:
handing it to another would cost more than the whole transition.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

J = TypeVar("J")
_log = logging.getLogger(__name__)


class Pool(Generic[J]):
    """Runs jobs; `perform` does one and returns those that follow. `working` is told of each change in their number."""

    def __init__(self, perform: Callable[[J], list[J]], *, workers: int, working: Callable[[int], None]) -> None:
        self._perform = perform
        self._workers = workers
        self._working = working
        self._queue: SimpleQueue[J | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._load = 0
        self._closed = False

    def submit(self, jobs: list[J]) -> None:
        """Queue jobs; a closed pool drops them."""
        if not jobs or self._closed:
            return
        self._changed(len(jobs))
        for job in jobs:
            self._queue.put(job)

    def close(self, timeout: float) -> bool:
        """Start nothing more, and wait for what is running; answers whether all threads ended in time."""
        with self._lock:
            self._closed = True
            threads = list(self._threads)
        self._drain()
        for _ in threads:
            self._queue.put(None)
        deadline = time.monotonic() + timeout
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in threads if thread is not threading.current_thread())

    def _drain(self) -> None:
        try:
            while True:
                self._queue.get_nowait()
        except Empty:
            return

    def _changed(self, change: int) -> None:
        if not change:
            return
        with self._lock:
            self._load += change
            while not self._closed and len(self._threads) < min(self._workers, self._load):
                name = f"thermik-worker-{len(self._threads) + 1}"
                thread = threading.Thread(target=self._serve, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
        self._working(change)

    def _serve(self) -> None:
        while (job := self._queue.get()) is not None:
            following: J | None = job
            while following is not None:
                following = self._run(following)

    def _run(self, job: J) -> J | None:
        """Do a job; returns the one to do next, if this thread should do it itself."""
        try:
            jobs = self._perform(job)
        except Exception:  # noqa: BLE001 - logged; the thread must live
            _log.exception("a job could not be done")
            jobs = []
        if self._closed:
            return None
        self._changed(len(jobs) - 1)  # the followers are counted before this one ends: no moment without work between
        if not jobs:
            return None
        mine = jobs.pop(0) if self._queue.empty() else None
        for other in jobs:
            self._queue.put(other)
        return mine
