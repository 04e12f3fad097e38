"""The files of namespaces that a task sees (`tasks/ports.py`), in the blob store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from thermik.storage import internal
from thermik.storage.blobs import Blobs
from thermik.storage.errors import BlobNotFound, InvalidKey
from thermik.tasks.runnable import TaskFailure


@dataclass(frozen=True, slots=True)
class TaskNamespaceFiles:
    """`NamespaceFiles` for tasks."""

    blobs: Blobs

    def paths(self, namespace: str) -> Iterator[str]:
        """The paths of a namespace's files, sorted."""
        prefix = _prefix(namespace)
        for info in self.blobs.list(prefix):
            yield info.key.removeprefix(prefix)

    def open(self, namespace: str, path: str) -> BinaryIO:
        """A stream of a file. Raises: TaskFailure."""
        try:
            return self.blobs.open(_prefix(namespace) + path)
        except (BlobNotFound, InvalidKey) as missing:
            raise TaskFailure(f"The namespace '{namespace}' has no file '{path}'") from missing


def _prefix(namespace: str) -> str:
    try:
        return internal.namespace_files_prefix(namespace)
    except InvalidKey as error:
        raise TaskFailure(f"'{namespace}' is no namespace: {error}") from error
