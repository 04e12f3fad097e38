"""Files that an execution may read and write: its own, those of the execution that started it, its namespace's.

Whoever renders a URI from outside could name any file; so each is asked for its owner before it is opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from thermik.executions.model import Execution, TaskRun
from thermik.expressions import ExpressionRuntimeError
from thermik.storage import internal
from thermik.storage.errors import BlobNotFound, InvalidKey
from thermik.tasks.runnable import TaskFailure
from thermik.worker.scene import Scene

NAMESPACE_SCHEME = "nsfile://"
"""A file of the execution's namespace: `nsfile:///path`."""


class FileRefused(Exception):
    """No such file, or one that this execution may not touch; the message is for the flow's author."""


@dataclass(frozen=True, slots=True)
class AttemptFiles:
    """The files of an attempt."""

    scene: Scene
    run: TaskRun

    def open(self, uri: str) -> BinaryIO:
        """A stream of a file. Raises: TaskFailure."""
        with _for_task():
            return self.scene.ports.blobs.open(readable_key(self.scene.execution.value, uri))

    def size(self, uri: str) -> int:
        """A file's size in bytes. Raises: TaskFailure."""
        with _for_task():
            return self.scene.ports.blobs.info(readable_key(self.scene.execution.value, uri)).size

    def put(self, source: Path | BinaryIO | bytes, name: str) -> str:
        """Move a file, or keep a stream or bytes, as an output of the task run; its URI.

        Raises: TaskFailure for a name that leads elsewhere.
        """
        run = self.run
        with _for_task():
            uri = _files_of(self.scene.execution.value).task_uri(run.task_id, run.id, name)
            key = internal.key_of(uri)
        if isinstance(source, Path):
            with source.open("rb") as stream:
                self.scene.ports.blobs.put(key, stream)
            source.unlink()
        else:
            self.scene.ports.blobs.put(key, source)
        return uri

    def delete(self, uri: str) -> bool:
        """Delete a file of the execution; whether there was one. Raises: TaskFailure."""
        execution, blobs = self.scene.execution.value, self.scene.ports.blobs
        with _for_task():
            key = internal.key_of(uri)
            if internal.execution_of(uri) not in _own_and_starter(execution):
                raise FileRefused(f"{uri} is not a file of this execution")
        try:
            blobs.info(key)
        except BlobNotFound:
            return False
        blobs.delete([key])
        return True


def open_for_execution(scene: Scene, uri: str) -> BinaryIO:
    """A stream of a file that an expression names. Raises: ExpressionRuntimeError."""
    with _for_expression():
        return scene.ports.blobs.open(readable_key(scene.execution.value, uri))


def size_for_execution(scene: Scene, uri: str) -> int:
    """The size of a file that an expression names. Raises: ExpressionRuntimeError."""
    with _for_expression():
        return scene.ports.blobs.info(readable_key(scene.execution.value, uri)).size


def exists_for_execution(scene: Scene, uri: str) -> bool:
    """Whether there is a file that an expression names. Raises: ExpressionRuntimeError for one of somebody else."""
    with _for_expression():
        key = readable_key(scene.execution.value, uri)
    try:
        scene.ports.blobs.info(key)
    except BlobNotFound:
        return False
    return True


def readable_key(execution: Execution, uri: str) -> str:
    """The blob of a URI, if the execution may read it.

    Raises:
        FileRefused: it belongs to somebody else.
        InvalidKey: it is no URI of the internal storage.
    """
    if uri.startswith(NAMESPACE_SCHEME):
        uri = internal.namespace_file_uri(execution.namespace, uri.removeprefix(NAMESPACE_SCHEME))
    key = internal.key_of(uri)
    owner = internal.execution_of(uri)
    if owner in readable_owners(execution):
        return key
    if owner is None and key.startswith(internal.namespace_files_prefix(execution.namespace)):
        return key
    raise FileRefused(
        f"Unable to read the file '{uri}': it belongs to neither this execution nor the one that started it"
    )


def readable_owners(execution: Execution) -> tuple[object, ...]:
    """The executions whose files an execution may read: a replay goes on with what there was."""
    return (*_own_and_starter(execution), *execution.progress.ancestors, *execution.progress.borrowed)


def _own_and_starter(execution: Execution) -> tuple[object, ...]:
    starter = execution.trigger.variables.get("executionId") if execution.trigger else None
    return (execution.id, starter) if starter is not None else (execution.id,)


def _files_of(execution: Execution) -> internal.ExecutionFiles:
    return internal.ExecutionFiles(execution.namespace, execution.flow_id, execution.id)


@contextmanager
def _for_task() -> Iterator[None]:
    try:
        yield
    except (BlobNotFound, FileRefused, InvalidKey) as error:
        raise TaskFailure(str(error)) from error


@contextmanager
def _for_expression() -> Iterator[None]:
    try:
        yield
    except (BlobNotFound, FileRefused, InvalidKey) as error:
        raise ExpressionRuntimeError(str(error)) from error
