"""Which of the processes on one data directory live: so that nobody runs what another one runs.

Each process holds a lock on a file of its own for as long as it lives. The kernel frees the lock when the
process ends, however it ends; so a crash is known at once, and no clock and no renewal takes part. (A lease with
a date, the usual way, must choose between a slow takeover and stealing from a process that merely stood still.)
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

from thermik.identity import new_id


class Process:
    """This process, as the others see it; `close` or the process's end gives up what it owns."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.token = new_id()
        self._path = directory / f"{self.token}.lock"
        # Locked before it has its name: a file that is not locked is a dead process's, and `forget` deletes it.
        beginning = directory / f"{self.token}.new"
        self._file = os.open(beginning, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        beginning.rename(self._path)

    def lives(self, token: str) -> bool:
        """Whether the process with this token still runs."""
        if token == self.token:
            return True
        if not token.isalnum():  # it comes from the table, and is about to be a part of a path
            return False
        path = self._directory / f"{token}.lock"
        try:
            file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            # Shared: of two who ask about a dead process at once, neither takes the other for its lock.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False

    def dead(self) -> list[str]:
        """The processes that have ended and left something, as their files tell: the reason to look for it."""
        tokens = [path.stem for path in self._directory.glob("*.lock")]
        return [token for token in tokens if not self.lives(token)]

    def forget(self, tokens: Iterable[str]) -> None:
        """Nothing of these processes is left."""
        for token in tokens:
            (self._directory / f"{token}.lock").unlink(missing_ok=True)

    def close(self, *, leaves: bool = False) -> None:
        """Let the others know that this process is gone, and whether it leaves something to go on with."""
        if not leaves:
            self._path.unlink(missing_ok=True)
        os.close(self._file)
