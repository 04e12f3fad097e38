"""The log of an attempt: ordered entries, kept in chunks beside the task run, secrets masked.

A short task writes one chunk, at its end; a long one writes as it goes, so that people can follow. What is
bounded says so in the log itself: nothing is cut silently.
"""

from __future__ import annotations

import json
import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from thermik.clock import Clock, instant_text
from thermik.executions.model import Execution
from thermik.storage import schema
from thermik.storage.errors import Conflict
from thermik.storage.table import Put, Record, Table
from thermik.tasks.runnable import Level

MAX_MESSAGE = 16_000
"""Characters of one entry; the rest is cut and the entry says how much."""

MAX_CHUNK = 100_000
"""Bytes of one chunk, about, as JSON with escapes: the longest form in which storage writes a text. With one more entry
(twelve bytes for each of `MAX_MESSAGE` characters, should all be emojis) it is still well below an item's bound."""

_AROUND = 75
"""Bytes of an entry without its message."""

MAX_LOG = 8_000_000
"""Characters that one attempt may log; what comes later is counted, not kept."""

FLUSH_AFTER = timedelta(seconds=1)
"""How long an entry of a long-running task waits at the most before it can be read."""

_SEVERITY = {Level.TRACE: 0, Level.DEBUG: 1, Level.INFO: 2, Level.WARN: 3, Level.ERROR: 4}

_operator = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LogOwner:
    """Whose entries these are: the fields that each entry carries. No task for the execution's own log."""

    namespace: str
    flow_id: str
    execution_id: str
    task_id: str | None = None
    task_run_id: str | None = None
    attempt: int = 0

    def fields(self) -> dict[str, Any]:
        """The entry's fields in Kestra's names, without those that do not apply."""
        fields = {
            "namespace": self.namespace,
            "flowId": self.flow_id,
            "taskId": self.task_id,
            "executionId": self.execution_id,
            "taskRunId": self.task_run_id,
            "attemptNumber": self.attempt if self.task_run_id else None,
        }
        return {name: value for name, value in fields.items() if value is not None}


class LevelLog(ABC):
    """A log with a method for each level."""

    @abstractmethod
    def log(self, level: Level, message: str) -> None:
        """Add an entry."""

    def error(self, message: str) -> None:
        """Log at ERROR."""
        self.log(Level.ERROR, message)

    def warn(self, message: str) -> None:
        """Log at WARN."""
        self.log(Level.WARN, message)

    def info(self, message: str) -> None:
        """Log at INFO."""
        self.log(Level.INFO, message)

    def debug(self, message: str) -> None:
        """Log at DEBUG."""
        self.log(Level.DEBUG, message)

    def trace(self, message: str) -> None:
        """Log at TRACE."""
        self.log(Level.TRACE, message)


class RunLog(LevelLog):
    """Collects entries and writes them in chunks. Thread-safe."""

    def __init__(
        self,
        table: Table,
        clock: Clock,
        owner: LogOwner,
        *,
        minimum: Level = Level.TRACE,
        secrets: Iterable[str] = (),
        first_chunk: int = 0,
    ) -> None:
        """A log; `first_chunk` tells its chunks from those of others with the same owner."""
        self._table = table
        self._clock = clock
        self._owner = owner
        self._minimum = minimum
        self._secrets = tuple(secrets)
        self._entries: list[dict[str, Any]] = []
        self._size = 0
        self._total = 0
        self._dropped = 0
        self._chunks = first_chunk
        self._first: datetime | None = None
        self._lock = threading.Lock()

    def log(self, level: Level, message: str) -> None:
        """Add an entry, if its level is logged at all; write a chunk when one is full or old."""
        if is_below(level, self._minimum):
            return
        with self._lock:
            if self._total > MAX_LOG:
                self._dropped += 1
                return
            self._add(level, _bounded(masked(message, self._secrets)))
            if self._size >= MAX_CHUNK or (self._first and self._clock.now() - self._first > FLUSH_AFTER):
                self._write()

    def flush(self) -> None:
        """Write what is waiting. Raises: TableUnavailable."""
        with self._lock:
            if self._dropped:
                note = (
                    f"The log of this attempt exceeds {MAX_LOG} characters; {self._dropped} more entries were not kept"
                )
                self._dropped = 0
                self._add(Level.WARN, note)
            self._write()

    def flush_if_old(self) -> None:
        """Write what waits for longer than `FLUSH_AFTER`; called now and then while the task is silent."""
        with self._lock:
            if self._first and self._clock.now() - self._first > FLUSH_AFTER:
                self._write()

    def _add(self, level: Level, message: str) -> None:
        now = self._clock.now()
        self._first = self._first or now
        entry = {"timestamp": instant_text(now), "level": level.value, "message": message}
        self._entries.append(entry)
        self._size += len(json.dumps(message)) + _AROUND
        self._total += len(message) + _AROUND

    def _write(self) -> None:
        if not self._entries or self._first is None:
            return
        owner = self._owner
        key = schema.log_chunk(
            owner.execution_id, instant_text(self._first), owner.task_run_id or "", owner.attempt, self._chunks
        )
        try:
            self._table.write(Put(Record(key, {**owner.fields(), "entries": self._entries})))
        except Conflict:  # the same chunk of the same instant: only a repeated write can have made it
            _operator.warning("log chunk %s was there already", key)
        self._chunks += 1
        self._entries, self._size, self._first = [], 0, None


def is_below(level: Level, minimum: Level) -> bool:
    """Whether an entry of this level is not kept where only those of at least another are."""
    return _SEVERITY[level] < _SEVERITY[minimum]


def masked(message: str, secrets: Iterable[str]) -> str:
    """A message without secrets, the longest masked first."""
    # A short one first would leave the rest of a longer one that contains it.
    for secret in sorted(secrets, key=len, reverse=True):
        if secret:
            message = message.replace(secret, mask_of(secret))
    return message


def mask_of(secret: str) -> str:
    """What a log shows for a secret: as many characters, `**masked*` first where they are nine or more (Kestra's)."""
    marker = "**masked*"
    length = len(secret)
    return marker + "*" * (length - len(marker)) if length >= len(marker) else "*" * length


def _bounded(message: str) -> str:
    if len(message) <= MAX_MESSAGE:
        return message
    return f"{message[:MAX_MESSAGE]}… ({len(message) - MAX_MESSAGE} more characters were cut)"


def entries_of(record: Record) -> list[dict[str, Any]]:
    """The entries of a chunk in the shape of Kestra's API."""
    owner = {name: value for name, value in record.body.items() if name != "entries"}
    return [{**owner, **entry} for entry in record.body["entries"]]


def entries_of_execution(table: Table, execution_id: str) -> list[dict[str, Any]]:
    """Every entry of an execution's log, oldest first."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        partition = schema.execution_partition(execution_id)
        chunk = table.query(partition, prefix=schema.LOGS, limit=1000, cursor=cursor)
        for record in chunk.records:
            found.extend(entries_of(record))
        cursor = chunk.cursor
        if cursor is None:
            return sorted(found, key=lambda entry: str(entry["timestamp"]))


def execution_log(table: Table, clock: Clock, execution: Execution) -> RunLog:
    """The log of what belongs to no task of an execution."""
    return RunLog(table, clock, LogOwner(execution.namespace, execution.flow_id, execution.id))
