"""Leases of attempts on a laptop: held while the process lives and the attempt is at work in it."""

from __future__ import annotations

import itertools
import threading
from datetime import datetime

from thermik.executions.model import Lease
from thermik.local.processes import Process


class ProcessLeases:
    """Leases whose holder is a process and a number within it."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._numbers = itertools.count()
        self._held: set[str] = set()
        self._lock = threading.Lock()

    def take(self, deadline: datetime | None) -> Lease:
        """A lease of this process."""
        holder = f"{self._process.token}/{next(self._numbers)}"
        with self._lock:
            self._held.add(holder)
        return Lease(holder=holder, until=deadline)

    def release(self, lease: Lease) -> None:
        """The attempt has ended."""
        with self._lock:
            self._held.discard(lease.holder)

    def is_held(self, lease: Lease) -> bool:
        """Whether the attempt is at work, here or in another process that lives."""
        token, _, _ = lease.holder.partition("/")
        if token == self._process.token:
            return lease.holder in self._held
        return self._process.lives(token)
