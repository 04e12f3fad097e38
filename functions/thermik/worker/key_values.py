"""The KV pairs that a task sees (`tasks/ports.py`), on the store that everybody uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thermik.storage.key_values import Entry, KeyValueStore
from thermik.tasks.ports import KeyValue


class TaskKeyValues:
    """`KeyValues` for the tasks of an attempt; `by` names it, so that it may repeat what it did."""

    def __init__(self, store: KeyValueStore, by: str) -> None:
        self._store = store
        self._by = by

    def get(self, namespace: str, key: str) -> tuple[bool, Any]:
        """Whether the key exists, and its value."""
        pair = self._store.get(namespace, key)
        return pair is not None, pair.value if pair else None

    def put(self, namespace: str, key: str, entry: KeyValue, *, overwrite: bool) -> bool:
        """Set a pair; False where it exists and may not be overwritten."""
        kept = Entry(entry.value, entry.kind.value, entry.description, entry.time_to_live)
        if overwrite:
            self._store.put(namespace, key, kept)
            return True
        return self._store.add(namespace, key, kept, by=self._by) is not None

    def delete(self, namespace: str, key: str) -> bool:
        """Delete a pair; whether there was one."""
        return self._store.delete(namespace, key)

    def keys(self, namespace: str, prefix: str) -> Sequence[str]:
        """The keys that begin so."""
        return [pair.key for pair in self._store.pairs(namespace, prefix)]
