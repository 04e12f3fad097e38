"""Counts what a flow costs: states, transitions, invocations, calls of the table by kind."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.running import Around, Handle
from thermik.flows.keys import LISTENERS
from thermik.storage import schema
from thermik.storage.table import Key, Put, Table


@dataclass
class Counts:
    """What was counted; keys of items are counted by kind."""

    invocations: int = 0
    reads: int = 0
    queries: int = 0
    writes: int = 0
    read_bytes: int = 0
    blob_calls: int = 0
    written: Counter[Key] = field(default_factory=Counter)
    payloads: list[int] = field(default_factory=list)
    executions: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def around(self) -> Around:
        return Around(
            table=lambda table: _CountedTable(table, self),  # type: ignore[arg-type,return-value]
            blobs=lambda blobs: _CountedBlobs(blobs, self),  # type: ignore[arg-type,return-value]
            handle=self._counted,
        )

    def reset(self) -> None:
        """Forget what was counted so far."""
        self.invocations = self.reads = self.read_bytes = self.queries = self.writes = self.blob_calls = 0
        self.written.clear()
        self.payloads.clear()
        self.executions.clear()

    def writes_of(self, prefix: str) -> list[int]:
        """How often each item was written whose sort key begins so."""
        return [times for key, times in self.written.items() if key.sort.startswith(prefix)]

    @property
    def task_run_writes(self) -> list[int]:
        return self.writes_of(schema.TASK_RUNS)

    def _counted(self, handle: Handle) -> Handle:
        def counted(payload: Mapping[str, Any]) -> dict[str, Any]:
            with self.lock:
                self.invocations += 1
                # what Lambda says of a failed invocation is up to 32 KB, and nobody's data
                self.payloads.append(len(json.dumps({**payload, "cause": None})))
                self.executions.add(payload["c"]["x"])
            answer = handle(payload)
            with self.lock:  # a loop's answer has its turns' numbers, which the machine hands on one by one
                self.payloads.append(len(json.dumps({**answer, "items": None})))
            return answer

        return counted


class _CountedTable:
    def __init__(self, table: Table, counts: Counts) -> None:
        self._table = table
        self._counts = counts

    def get(self, keys: Sequence[Key]) -> Any:
        found = self._table.get(keys)
        with self._counts.lock:
            self._counts.reads += 1
            self._counts.read_bytes += sum(len(json.dumps(record.body)) for record in found if record is not None)
        return found

    def query(self, partition: str, **named: Any) -> Any:
        if partition != LISTENERS:  # asked by the time that passes, not by what runs
            with self._counts.lock:
                self._counts.queries += 1
        return self._table.query(partition, **named)

    def write(self, *writes: Any) -> None:
        with self._counts.lock:
            self._counts.writes += 1
            self._counts.written.update(write.record.key for write in writes if isinstance(write, Put))
        self._table.write(*writes)

    def close(self) -> None:
        self._table.close()


class _CountedBlobs:
    def __init__(self, blobs: Any, counts: Counts) -> None:
        self._blobs = blobs
        self._counts = counts

    def __getattr__(self, name: str) -> Any:
        with self._counts.lock:
            self._counts.blob_calls += 1
        return getattr(self._blobs, name)
