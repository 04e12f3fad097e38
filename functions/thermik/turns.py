"""Turns: of many threads with something to compute, a few run at a time.

Python runs one thread at a time, and each thread that waits for the interpreter wakes up every switch interval to ask
for it. With dozens of them half of the processor's time goes into asking: 200 executions at once cost 7.5 ms each, and
with turns 4.5. So whoever serves many threads (the laptop's worker and API) gives them turns; who waits for a disk, a
program or the network lets others have theirs meanwhile.

A turn is a courtesy, not a lock: who has waited for long goes on without, so nobody can be stuck for it. Threads that
were never given turns (all of them in a Lambda function) notice nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import TypeVar

AT_A_TIME = 3
"""Threads that compute at a time: one that does, and two whose calls into SQLite or the system are just ending."""

PATIENCE_SECONDS = 1.0
"""After so long a thread goes on without a turn."""

T = TypeVar("T")


class _Mine(threading.local):
    """Whether this thread has a turn."""

    held = False


_mine = _Mine()
_free: SimpleQueue[None] = SimpleQueue()
for _ in range(AT_A_TIME):
    _free.put(None)


def in_turn(work: Callable[..., T], *arguments: object) -> T:
    """Do some work when it is this thread's turn."""
    _take()
    try:
        return work(*arguments)
    finally:
        _give()


@contextmanager
def out_of_turn() -> Iterator[None]:
    """Within `with` this thread waits, for a disk, a program, the network: others may compute."""
    if not _mine.held:
        yield
        return
    _give()
    try:
        yield
    finally:
        _take()


def _take() -> None:
    try:
        _free.get(timeout=PATIENCE_SECONDS)
    except Empty:
        return
    _mine.held = True


def _give() -> None:
    if _mine.held:
        _mine.held = False
        _free.put(None)
