"""Many threads, one durable commit: who comes while a commit is under way shares the next one.

Making a transaction durable costs a flush of the disk (some tenths of a millisecond to many), whatever
its size. A dedicated writer thread would share flushes but adds two thread switches to a lone write.
Here the calling thread commits by itself when nobody else is (the leader); those who come meanwhile
queue and sleep (the followers). When the leader is done, it appoints the first of the queue, who takes
all that wait into the next commit. A lone writer pays two uncontended locks.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from thermik.turns import out_of_turn

_Work = TypeVar("_Work")

MAX_BATCH = 256
"""Transactions in one commit: bounds how long the first of them waits for the last."""


class Ticket(Generic[_Work]):
    """One caller's piece of work, and what became of it: `error` is None when it was committed."""

    __slots__ = ("_wake", "error", "leads", "settled", "work")

    def __init__(self, work: _Work) -> None:
        self.work = work
        self.error: Exception | None = None
        self.settled = False
        self.leads = False
        self._wake = threading.Lock()
        self._wake.acquire()

    def sleep(self) -> None:
        """Wait until `wake` is called."""
        self._wake.acquire()

    def wake(self) -> None:
        """Let the caller go on: settled, or as the next leader."""
        self._wake.release()


class GroupCommit(Generic[_Work]):
    """Runs `commit(tickets)` in one thread at a time, with all the work that waits.

    `commit` sets `ticket.error` for work that failed alone; if it raises, all of that batch failed so.
    """

    def __init__(self, commit: Callable[[Sequence[Ticket[_Work]]], None]) -> None:
        self._commit = commit
        self._mutex = threading.Lock()
        self._waiting: deque[Ticket[_Work]] = deque()
        self._busy = False

    def run(self, work: _Work) -> None:
        """Return when the work is committed; raises its error otherwise."""
        ticket = Ticket(work)
        with self._mutex:
            self._waiting.append(ticket)
            ticket.leads, self._busy = not self._busy, True
        if not ticket.leads:
            self._sleep(ticket)
        if ticket.leads:
            self._lead()
        if ticket.error is not None:
            raise ticket.error

    def _sleep(self, ticket: Ticket[_Work]) -> None:
        try:
            with out_of_turn():
                ticket.sleep()
        except BaseException:  # a KeyboardInterrupt must not take the leadership with it
            with self._mutex:
                if not ticket.settled and ticket in self._waiting:
                    self._waiting.remove(ticket)
                if ticket.leads:
                    self._appoint()
            raise

    def _lead(self) -> None:
        with self._mutex:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH))]
        try:
            self._commit(batch)
        except Exception as error:  # noqa: BLE001 - raised in each caller's own thread by `run`
            for ticket in batch:
                ticket.error = error
        except BaseException:
            for ticket in batch:
                ticket.error = InterruptedError("the thread that was committing was interrupted")
            raise
        finally:
            with self._mutex:
                self._appoint()
            for ticket in batch:
                ticket.settled = True
                if not ticket.leads:
                    ticket.wake()

    def _appoint(self) -> None:
        """Make the first who waits the leader. Holds the mutex. The next flush starts before this batch is woken."""
        if self._waiting:
            self._waiting[0].leads = True
            self._waiting[0].wake()
        else:
            self._busy = False
