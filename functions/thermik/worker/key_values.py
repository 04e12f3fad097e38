"""The KV pairs that a task sees (`tasks/ports.py`), on the store that everybody uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thermik.storage.key_values import KeyValueStore
from thermik.tasks.ports import KeyValue


class TaskKeyValues:
    """`KeyValues` for tasks."""

    def __init__(self, store: KeyValueStore) -> None:
        self._store = store

    def get(self, namespace: str, key: str) -> tuple[bool, Any]:
        """Whether the key exists, and its value."""
        pair = self._store.get(namespace, key)
        return pair is not None, pair.value if pair else None

    def put(self, namespace: str, key: str, entry: KeyValue, *, overwrite: bool) -> bool:
        """Set a pair; False where it exists and may not be overwritten."""
        write = self._store.put if overwrite else self._store.add
        pair = write(
            namespace, key, entry.value, entry.kind.value, description=entry.description, lives=entry.time_to_live
        )
        return pair is not None

    def delete(self, namespace: str, key: str) -> bool:
        """Delete a pair; whether there was one."""
        return self._store.delete(namespace, key)

    def keys(self, namespace: str, prefix: str) -> Sequence[str]:
        """The keys that begin so."""
        return [pair.key for pair in self._store.pairs(namespace, prefix)]
