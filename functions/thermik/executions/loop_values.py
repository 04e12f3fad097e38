"""The values of a loop: in its task run's item while they are few, else in the internal storage.

Every turn reads its loop's task run. With thousands of values in it, a turn would cost the more the more of them
there are, and some lists fit into no item at all. So a long list is a blob, written before the item that names it,
which a warm worker reads once: it never changes, since the values are fixed when the loop opens.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cached_property
from threading import Lock

from thermik.executions.model import TaskRun
from thermik.records import record
from thermik.storage.blobs import Blobs
from thermik.storage.internal import ExecutionFiles, key_of

INLINE_BYTES = 1024
"""Largest values, as JSON, that are kept in the item: about as much as the rest of it."""

MAX_KEPT_CHARACTERS = 16 * 1024 * 1024
"""Of all lists that a process keeps, each value counted as `_OVERHEAD` characters more; the last list always stays."""

_OVERHEAD = 64

_NAME = "loop.json"


class Values:
    """The distinct values of a loop, in order."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)

    @cached_property
    def turns(self) -> Mapping[str, int]:
        """The turn of each value."""
        return {text: turn for turn, text in enumerate(self.texts)}


class KeptValues:
    """Lists that were read, by URI; those last used stay. Thread-safe."""

    def __init__(self, most: int = MAX_KEPT_CHARACTERS) -> None:
        self._most = most
        self._kept: OrderedDict[str, tuple[Values, int]] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def get(self, uri: str) -> Values | None:
        """The list, if it is kept."""
        with self._lock:
            found = self._kept.get(uri)
            if found is None:
                return None
            self._kept.move_to_end(uri)
            return found[0]

    def put(self, uri: str, values: Values) -> None:
        """Keep a list."""
        size = sum(map(len, values.texts)) + _OVERHEAD * len(values.texts)
        with self._lock:
            self._size += size - self._kept.pop(uri, (values, 0))[1]
            self._kept[uri] = values, size
            while self._size > self._most and len(self._kept) > 1:
                self._size -= self._kept.popitem(last=False)[1][1]


@record
class LoopValues:
    """Puts a loop's values where they belong, and finds them there."""

    blobs: Blobs
    kept: KeptValues

    def keep(self, run: TaskRun, values: Sequence[str]) -> TaskRun:
        """The loop's task run with these values, in the item or beside it.

        Raises:
            BlobsUnavailable: they belong beside it, and cannot be written.
        """
        # a value may hold half a surrogate pair, which has no UTF-8
        text = json.dumps(values, separators=(",", ":"), ensure_ascii=False).encode(errors="surrogatepass")
        if len(text) <= INLINE_BYTES:
            return run.with_progress(values=tuple(values), values_uri=None, value_count=len(values))
        uri = ExecutionFiles(run.namespace, run.flow_id, run.execution_id).value_uri(run.id, _NAME)
        self.blobs.put(key_of(uri), text)
        self.kept.put(uri, Values(values))
        return run.with_progress(values=None, values_uri=uri, value_count=len(values))

    def of(self, run: TaskRun) -> Values | None:
        """The values of a loop's task run; None where it has not opened, or is no loop over values.

        Raises:
            BlobNotFound, BlobsUnavailable: they lie beside it, and cannot be read.
        """
        progress = run.progress
        if progress.values_uri is None:
            return None if progress.values is None else Values(progress.values)
        found = self.kept.get(progress.values_uri)
        if found is None:
            with self.blobs.open(key_of(progress.values_uri)) as stream:
                found = Values(json.loads(stream.read().decode(errors="surrogatepass")))
            self.kept.put(progress.values_uri, found)
        return found
