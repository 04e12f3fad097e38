"""What the functions of expressions need from outside (`expressions/services.py`), given for one execution."""

from __future__ import annotations

import random
from datetime import datetime, tzinfo
from typing import Any

from thermik.executions.logs import entries_of
from thermik.expressions import ExpressionRuntimeError
from thermik.storage import internal, schema
from thermik.storage.key_values import KeyValueStore, TaskStates
from thermik.worker.files import exists_for_execution, open_for_execution, size_for_execution
from thermik.worker.scene import Scene

MAX_READ_BYTES = 10 * 1024 * 1024
"""Largest file that `read` returns: it becomes a part of a rendered text."""


class ExpressionServices:
    """The ports of an execution's expressions."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.default_zone: tzinfo = scene.ports.zone
        self.random: random.Random = scene.ports.random
        self.recursive_rendering = False

    @property
    def key_values(self) -> KeyValueStore:
        """The KV pairs."""
        return KeyValueStore(self.scene.ports.table, self.scene.ports.clock)

    @property
    def task_states(self) -> TaskStates:
        """Documents that tasks keep."""
        return TaskStates(self.scene.ports.table)

    def now(self) -> datetime:
        """The current instant."""
        return self.scene.now()

    def read(self, path_or_uri: str) -> str:
        """The text of a file."""
        uri = self._uri(path_or_uri)
        size = size_for_execution(self.scene, uri)
        if size > MAX_READ_BYTES:
            raise ExpressionRuntimeError(f"{path_or_uri} has {size} bytes; read() takes at most {MAX_READ_BYTES}")
        with open_for_execution(self.scene, uri) as stream:
            return stream.read().decode()

    def file_size(self, path_or_uri: str) -> int:
        """The size of a file in bytes."""
        return size_for_execution(self.scene, self._uri(path_or_uri))

    def file_exists(self, path_or_uri: str) -> bool:
        """Whether there is such a file; one of somebody else is refused."""
        return exists_for_execution(self.scene, self._uri(path_or_uri))

    def file_uri(self, path: str) -> str:
        """The URI of a namespace file."""
        return internal.namespace_file_uri(self.scene.execution.value.namespace, path)

    def kv(self, key: str, namespace: str | None, error_on_missing: bool) -> Any:
        """A pair's value; None where there is none, unless that is asked to be an error."""
        own = self.scene.execution.value.namespace
        where = namespace or own
        found = self.key_values.get(where, key)
        if found is None and error_on_missing:
            raise ExpressionRuntimeError(f"The key '{key}' does not exist in the namespace '{where}'.")
        return found.value if found else None

    def secret(self, key: str) -> str:
        """A secret's value."""
        try:
            return self.scene.ports.secret(self.scene.execution.value.namespace, key)
        except KeyError as missing:
            raise ExpressionRuntimeError(f"Cannot find secret for key '{key}'.") from missing

    def error_logs(self) -> list[Any]:
        """The execution's entries of level ERROR so far."""
        partition = schema.execution_partition(self.scene.execution.value.id)
        page = self.scene.ports.table.query(partition, prefix=schema.LOGS, limit=1000)
        return [entry for record in page.records for entry in entries_of(record) if entry["level"] == "ERROR"]

    def _uri(self, path_or_uri: str) -> str:
        return path_or_uri if path_or_uri.startswith("kestra://") else self.file_uri(path_or_uri)
