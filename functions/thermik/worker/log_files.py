"""`logToFile`: the log of an attempt as a file of the internal storage, in place of entries that the API lists.

For tasks that log more than anybody reads on a page. The file is written beside the worker and stored when the
attempt has ended.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterable

from thermik.clock import Clock, instant_text
from thermik.executions.logs import LevelLog, is_below, masked
from thermik.tasks.runnable import Level
from thermik.worker.files import AttemptFiles
from thermik.worker.scene import TaskScene

MAX_BYTES = 1024**3
"""Of one file; what comes later is counted, not kept."""


class LogFile(LevelLog):
    """A log in a file: a line an entry, `date level message`. Thread-safe."""

    def __init__(self, clock: Clock, *, minimum: Level = Level.TRACE, secrets: Iterable[str] = ()) -> None:
        self._clock = clock
        self._minimum = minimum
        self._secrets = tuple(secrets)
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - `keep` closes it, and so does its end
        self._size = 0
        self._dropped = 0
        self._lock = threading.Lock()

    def log(self, level: Level, message: str) -> None:
        """Add a line, if its level is logged at all."""
        if is_below(level, self._minimum):
            return
        line = f"{instant_text(self._clock.now())} {level.value} {masked(message, self._secrets)}\n".encode()
        with self._lock:
            if self._file.closed or self._size + len(line) > MAX_BYTES:
                self._dropped += 1
            else:
                self._size += self._file.write(line)

    def flush_if_old(self) -> None:
        """Nothing to do: nobody reads the file before it is stored."""

    def keep(self, files: AttemptFiles, attempt: int) -> str:
        """Store the file; returns its URI."""
        with self._lock, self._file:
            if self._dropped:
                self._file.write(f"{self._dropped} more entries were not kept: {MAX_BYTES} bytes\n".encode())
            self._file.seek(0)
            return files.put(self._file, f"logs/attempt-{attempt}.log")


def log_file_of(scene: TaskScene) -> LogFile:
    """The file for the log of an attempt, at the level that the task asks for."""
    level = scene.place.node.task.log_level
    return LogFile(scene.ports.clock, minimum=Level(level) if level else Level.TRACE, secrets=scene.secrets())
