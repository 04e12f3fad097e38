"""What tasks need of the world beyond rendering, logs and files: each a small protocol that the worker implements."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from thermik.records import record


class ValueKind(StrEnum):
    """Kestra's KVType: what a pair's value is. Dates, date-times and durations are kept as ISO texts."""

    STRING = "STRING"
    NUMBER = "NUMBER"
    BOOLEAN = "BOOLEAN"
    DATETIME = "DATETIME"
    DATE = "DATE"
    DURATION = "DURATION"
    JSON = "JSON"


@record
class KeyValue:
    """A pair's value with what is kept beside it; `time_to_live` None keeps it for ever."""

    value: Any
    kind: ValueKind
    description: str | None = None
    time_to_live: timedelta | None = None


class KeyValues(Protocol):
    """The KV pairs of namespaces. Values are JSON values."""

    def get(self, namespace: str, key: str) -> tuple[bool, Any]:
        """Whether the key exists (and is not expired), and its value.

        Raises:
            TaskFailure: this flow may not read that namespace, or the key is no legal one.
        """
        ...

    def put(self, namespace: str, key: str, entry: KeyValue, *, overwrite: bool) -> bool:
        """Set a pair; False, and nothing changed, where the key exists and `overwrite` is not set.

        Repeating the call that set the pair, from the same task run's attempt, answers True.
        """
        ...

    def delete(self, namespace: str, key: str) -> bool:
        """Delete a pair; whether there was one."""
        ...

    def keys(self, namespace: str, prefix: str) -> Sequence[str]:
        """The keys that begin with `prefix` and are not expired, sorted."""
        ...


class States(Protocol):
    """Small JSON documents that tasks keep between executions, by key (see `state.place.state_key`)."""

    def load(self, key: str) -> Mapping[str, Any] | None:
        """The document, or None."""
        ...

    def save(self, key: str, document: Mapping[str, Any]) -> None:
        """Write the whole document."""
        ...

    def remove(self, key: str) -> bool:
        """Delete the document; whether there was one."""
        ...


class NamespaceFiles(Protocol):
    """The files of namespaces, by path without a leading slash."""

    def paths(self, namespace: str) -> Iterator[str]:
        """The paths of a namespace's files, sorted."""
        ...

    def open(self, namespace: str, path: str) -> BinaryIO:
        """A stream of a file, to be closed. Raises: TaskFailure, when there is none."""
        ...

    def put(self, namespace: str, path: str, content: BinaryIO, *, overwrite: bool) -> bool:
        """Write a file; False, and nothing changed, where it exists and may not be overwritten.

        Raises:
            TaskFailure: the path leads elsewhere.
        """
        ...

    def delete(self, namespace: str, path: str, *, parents: bool) -> None:
        """Delete a file if it is there; with `parents`, also the directories that are empty then.

        Raises:
            TaskFailure: the path leads elsewhere.
        """
        ...


class Cache(Protocol):
    """An archive that a task keeps from one execution to the next: one per flow, task and loop value."""

    def load(self) -> tuple[BinaryIO, timedelta] | None:
        """A stream of the archive, to be closed, and the time since it was written; None where there is none."""
        ...

    def save(self, archive: Path) -> None:
        """Write the archive, over the one that was there."""
        ...


@record
class ExecutionPlace:
    """Which execution is meant, and of which flow it must be."""

    namespace: str
    flow_id: str
    id: str


class Executions(Protocol):
    """What a task may do with its own execution and with others."""

    def add_labels(self, labels: Mapping[str, str]) -> None:
        """Add labels to the task's own execution, over those of the same keys."""
        ...

    def set_variables(self, variables: Mapping[str, Any], *, overwrite: bool) -> None:
        """Merge values into the execution's variables (`vars`), maps at any depth.

        Raises:
            TaskFailure: without `overwrite`, a variable has another value already.
        """
        ...

    def unset_variables(self, names: Collection[str], *, ignore_missing: bool) -> None:
        """Remove variables of the execution; a dot leads into a map.

        Raises:
            TaskFailure: one is not there, and that is not to be ignored.
        """
        ...

    def end(self, state: str) -> None:
        """End the task's own execution; what is at work beside the task ends by itself, unless the state is KILLED."""
        ...

    def resume(self, execution_id: str, inputs: Mapping[str, Any]) -> None:
        """Resume a paused execution with values for its `onResume` inputs.

        Repeating the call that resumed it, from the same task run, does nothing.

        Raises:
            TaskFailure: there is none, it is not paused, or the inputs are not what it asks for.
        """
        ...

    def log_entries(
        self, place: ExecutionPlace, minimum: str, task_ids: Collection[str]
    ) -> Iterator[Mapping[str, Any]]:
        """The log of an execution in the API's shape, oldest first: of at least that level, of these tasks or of all.

        The entries that the task itself has logged so far may be missing.

        Raises:
            TaskFailure: there is no such execution of that flow, or this flow may not read it.
        """
        ...
