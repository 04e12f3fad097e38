"""What tasks that keep the installation in order need of it, besides `ports.py`: counts, purges, triggers.

Dates are instants with a zone; a first date of None has no beginning. Whoever purges may be stopped between two
executions, and repeated: what is gone is not found again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from thermik.records import record


@record
class ExecutionChoice:
    """Executions that were created in a period, in any of some states (of all: None).

    Attributes:
        end: the latest date, included, as `start` is.
        namespace: None for all. flow_id: of the flow in that namespace.
        below: those of the namespaces below it, too, where no flow is named.
    """

    end: datetime
    start: datetime | None = None
    namespace: str | None = None
    flow_id: str | None = None
    states: frozenset[str] | None = None
    below: bool = True

    def has(self, namespace: str, flow_id: str) -> bool:
        """Whether the executions of a flow are meant."""
        if self.namespace is None or self.flow_id is not None:
            return self.namespace in (None, namespace) and self.flow_id in (None, flow_id)
        return namespace == self.namespace or (self.below and namespace.startswith(f"{self.namespace}."))


@record
class LogChoice:
    """Entries of logs that were written in a period, of some levels (of all: None)."""

    end: datetime
    start: datetime | None = None
    levels: frozenset[str] | None = None


@record
class Parts:
    """What of executions is to be forgotten."""

    execution: bool = True
    logs: bool = True
    metrics: bool = True
    files: bool = True


@record
class Purged:
    """How much was forgotten: numbers of executions, outputs of task runs, log entries, files and metrics."""

    executions: int = 0
    outputs: int = 0
    logs: int = 0
    files: int = 0
    metrics: int = 0

    def __add__(self, other: Purged) -> Purged:
        return Purged(
            self.executions + other.executions,
            self.outputs + other.outputs,
            self.logs + other.logs,
            self.files + other.files,
            self.metrics + other.metrics,
        )


class Housekeeping(Protocol):
    """What a task may do with the executions, logs and triggers of all flows."""

    def count(self, choice: ExecutionChoice) -> int:
        """How many executions there are."""
        ...

    def namespaces(self) -> Sequence[str]:
        """The namespaces that have flows, sorted."""
        ...

    def purge(self, choice: ExecutionChoice, parts: Parts, batch: int) -> Iterator[Purged]:
        """Forget parts of the executions that have ended, one after another; what was forgotten of each.

        Args:
            batch: how many are looked up at a time.
        """
        ...

    def purge_logs(self, choice: ExecutionChoice, entries: LogChoice, execution_id: str | None) -> Iterator[int]:
        """Forget entries of the logs of executions, whatever state those are in; how many of each.

        Args:
            execution_id: only this one's, if it is among those that are chosen, its dates apart.
        """
        ...

    def delete_files(self, *, children: bool) -> list[str]:
        """Delete the files of the task's own execution, with `children` of those that it started, too; their URIs."""
        ...

    def switch_trigger(self, namespace: str, flow_id: str, trigger_id: str, *, enabled: bool) -> None:
        """Switch a trigger with dates on or off. Repeatable.

        Raises:
            TaskFailure: there is no such flow, or no such trigger in it.
        """
        ...
