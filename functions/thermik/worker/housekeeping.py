"""What a task may do with the executions, logs and triggers of all flows (`tasks/housekeeping.py`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from thermik.executions.choosing import chosen_executions
from thermik.executions.model import Execution
from thermik.executions.purging import delete_files, forget_logs, purge
from thermik.executions.repository import ExecutionNotFound
from thermik.flows.repository import FlowNotFound, namespaces_of
from thermik.storage import schema
from thermik.storage.table import Index
from thermik.tasks.housekeeping import ExecutionChoice, LogChoice, Parts, Purged
from thermik.tasks.runnable import TaskFailure
from thermik.worker.scene import TaskScene


@dataclass(frozen=True, slots=True)
class TaskHousekeeping:
    """`Housekeeping` for the attempt of a task run."""

    scene: TaskScene

    def count(self, choice: ExecutionChoice) -> int:
        """How many executions there are."""
        return sum(1 for _ in self._chosen(choice))

    def namespaces(self) -> Sequence[str]:
        """The namespaces that have flows."""
        return [*namespaces_of(self.scene.ports.table)]

    def purge(self, choice: ExecutionChoice, parts: Parts, batch: int) -> Iterator[Purged]:
        """Forget parts of the executions that have ended."""
        ports = self.scene.ports
        for execution in self._chosen(choice, batch):
            yield purge(ports.life, ports.blobs, execution, parts)

    def purge_logs(self, choice: ExecutionChoice, entries: LogChoice, execution_id: str | None) -> Iterator[int]:
        """Forget entries of logs."""
        chosen = self._chosen(choice) if execution_id is None else self._one(choice, execution_id)
        for execution in chosen:
            yield forget_logs(self.scene.ports.table, execution.id, entries)

    def delete_files(self, *, children: bool) -> list[str]:
        """Delete the files of the execution, and of those that it started."""
        own = self.scene.execution.value
        meant = self._with_called(own) if children else [own]
        return [uri for execution in meant for uri in delete_files(self.scene.ports.blobs, execution)]

    def switch_trigger(self, namespace: str, flow_id: str, trigger_id: str, *, enabled: bool) -> None:
        """Switch a trigger on or off. Raises: TaskFailure."""
        try:
            self.scene.ports.plans.latest(namespace, flow_id)
        except FlowNotFound as missing:
            raise TaskFailure(
                f"Unable to find flow {namespace}.{flow_id}. Make sure the flow exists and the current execution is "
                "authorized to access it."
            ) from missing
        if not self.scene.ports.switch(namespace, flow_id, trigger_id, enabled):
            raise TaskFailure(f"Unable to find trigger {trigger_id} for the flow {namespace}.{flow_id}")

    def _chosen(self, choice: ExecutionChoice, batch: int = 500) -> Iterator[Execution]:
        known = replace(choice, end=min(choice.end, self.scene.now()))  # nothing is newer, and no month has to be read
        return chosen_executions(self.scene.ports.table, known, batch)

    def _one(self, choice: ExecutionChoice, execution_id: str) -> list[Execution]:
        try:
            execution = self.scene.ports.executions.execution(execution_id).value
        except ExecutionNotFound:
            return []
        return [execution] if choice.has(execution.namespace, execution.flow_id) else []

    def _with_called(self, execution: Execution) -> Iterator[Execution]:
        """An execution and all that were started below it; so many deep as flows call each other."""
        yield execution
        for child in self._called_by(execution):
            yield from self._with_called(child)

    def _called_by(self, execution: Execution) -> Iterator[Execution]:
        """The executions that its tasks started; a trigger that heard of it is no task."""
        cursor: str | None = None
        while True:
            page = self.scene.ports.table.query(
                schema.children_partition(execution.id), index=Index.THIRD, limit=500, cursor=cursor
            )
            for record in page.records:
                child = Execution.model_validate(record.body)
                if child.trigger is not None and "trigger" not in child.trigger.type:
                    yield child
            cursor = page.cursor
            if cursor is None:
                return
