"""The files of namespaces that a task sees (`tasks/ports.py`), in the blob store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from thermik.storage import namespace_files
from thermik.storage.blobs import Blobs
from thermik.storage.errors import BlobExists, BlobNotFound, InvalidKey
from thermik.tasks.runnable import TaskFailure


@dataclass(frozen=True, slots=True)
class TaskNamespaceFiles:
    """`NamespaceFiles` for tasks."""

    blobs: Blobs

    def paths(self, namespace: str) -> Iterator[str]:
        """The paths of a namespace's files, sorted."""
        with _for_task():
            for path, _ in namespace_files.files_of(self.blobs, namespace):
                yield path

    def open(self, namespace: str, path: str) -> BinaryIO:
        """A stream of a file. Raises: TaskFailure."""
        try:
            with _for_task():
                return self.blobs.open(namespace_files.file_key(namespace, path))
        except BlobNotFound as missing:
            raise TaskFailure(f"The namespace '{namespace}' has no file '{path}'") from missing

    def put(self, namespace: str, path: str, content: BinaryIO, *, overwrite: bool) -> bool:
        """Write a file; False, and nothing changed, where it exists and may not be overwritten. Raises: TaskFailure."""
        with _for_task():
            key = namespace_files.file_key(namespace, path)
        try:
            self.blobs.put(key, content, overwrite=overwrite)
        except BlobExists:
            return False
        return True

    def delete(self, namespace: str, path: str, *, parents: bool) -> None:
        """Delete a file, and with `parents` the directories that are empty then. Raises: TaskFailure."""
        with _for_task():
            self.blobs.delete([namespace_files.file_key(namespace, path)])
            if parents:
                namespace_files.forget_empty_directories(self.blobs, namespace, path)


@contextmanager
def _for_task() -> Iterator[None]:
    try:
        yield
    except InvalidKey as error:
        raise TaskFailure(f"No such place among the files of namespaces: {error}") from error
