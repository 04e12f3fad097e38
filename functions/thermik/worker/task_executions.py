"""What a task may do with executions (`tasks/ports.py`): the use cases that people have, in a task's words."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from thermik.executions.changes import merged_labels
from thermik.executions.kill import kill
from thermik.executions.logs import entries_of
from thermik.executions.model import Execution, Label, TaskRun
from thermik.executions.pausing import asked_on_resume, resume, was_resumed_by
from thermik.executions.refusals import Unacceptable, WrongState
from thermik.executions.repository import ExecutionNotFound
from thermik.executions.state import StateType
from thermik.executions.variables import variables_of, with_variables, without_variables
from thermik.flows.input_values import InvalidInputs, Resolution, resolve_inputs
from thermik.storage import schema
from thermik.storage.table import Record
from thermik.tasks.ports import ExecutionPlace
from thermik.tasks.runnable import Level, TaskFailure
from thermik.worker.finish import end_from_within
from thermik.worker.scene import TaskScene
from thermik.worker.services import ExpressionServices

_SEVEREST_FIRST = tuple(Level)


@dataclass(frozen=True, slots=True)
class TaskExecutions:
    """`Executions` for the attempt of a task run."""

    scene: TaskScene
    services: ExpressionServices
    run: TaskRun

    def add_labels(self, labels: Mapping[str, str]) -> None:
        """Add labels to the execution."""
        given = [Label(key=key, value=value) for key, value in labels.items()]

        def labelled(execution: Execution) -> Execution:
            return execution.model_copy(update={"labels": merged_labels(execution.labels, given)})

        self.scene.ports.executions.change_execution(self.run.execution_id, labelled)

    def set_variables(self, variables: Mapping[str, Any], *, overwrite: bool) -> None:
        """Merge values into `vars`. Raises: TaskFailure."""
        self._change_variables(lambda there: with_variables(there, variables, overwrite=overwrite))

    def unset_variables(self, names: Collection[str], *, ignore_missing: bool) -> None:
        """Remove variables. Raises: TaskFailure."""
        self._change_variables(lambda there: without_variables(there, names, ignore_missing=ignore_missing))

    def _change_variables(self, change: Callable[[Mapping[str, Any]], dict[str, Any]]) -> None:
        of_flow = self.scene.plan.flow.variables

        def changed(execution: Execution) -> Execution:
            return execution.model_copy(update={"variables": change(variables_of(execution, of_flow))})

        try:
            self.scene.ports.executions.change_execution(self.run.execution_id, changed)
        except Unacceptable as error:
            raise TaskFailure(str(error)) from error

    def end(self, state: str) -> None:
        """End the execution: the flowables around the task with it, and what only waits."""
        if state == StateType.KILLED:
            kill(self.scene.ports.life, self.run.execution_id, cascade=False)
            return
        end_from_within(self.scene, StateType(state))

    def resume(self, execution_id: str, inputs: Mapping[str, Any]) -> None:
        """Resume a paused execution. Raises: TaskFailure."""
        ports = self.scene.ports
        execution = self._found(execution_id)
        try:
            declared = asked_on_resume(ports.life, execution)
            resolution = Resolution(services=self.services, encryption=ports.encryption)
            values = resolve_inputs(declared, inputs, resolution).values if declared else None
            resume(ports.life, execution_id, values, by=self.run.id)
        except WrongState as error:
            if not was_resumed_by(ports.life, execution_id, self.run.id):
                raise TaskFailure(str(error)) from error
        except InvalidInputs as error:
            raise TaskFailure(str(error)) from error

    def log_entries(
        self, place: ExecutionPlace, minimum: str, task_ids: Collection[str]
    ) -> Iterator[Mapping[str, Any]]:
        """The log of an execution, oldest first. Raises: TaskFailure."""
        execution = self._found(place.id)
        flow = (place.namespace, place.flow_id)
        if flow not in ((self.run.namespace, self.run.flow_id), (execution.namespace, execution.flow_id)):
            raise TaskFailure(f"Execution '{place.id}' is none of flow '{place.namespace}'.'{place.flow_id}'")
        wanted = set(_SEVEREST_FIRST[: _SEVEREST_FIRST.index(Level(minimum)) + 1])
        for entry in _in_order(self._chunks(place.id)):
            if entry["level"] in wanted and (not task_ids or entry.get("taskId") in task_ids):
                yield entry

    def _found(self, execution_id: str) -> Execution:
        try:
            return self.scene.ports.executions.execution(execution_id).value
        except ExecutionNotFound as missing:
            raise TaskFailure(str(missing)) from missing

    def _chunks(self, execution_id: str) -> Iterator[Record]:
        cursor: str | None = None
        while True:
            page = self.scene.ports.table.query(
                schema.execution_partition(execution_id), prefix=schema.LOGS, limit=100, cursor=cursor
            )
            yield from page.records
            cursor = page.cursor
            if cursor is None:
                return


def _in_order(chunks: Iterator[Record]) -> Iterator[dict[str, Any]]:
    """The entries of chunks that come by the date of their first entry; held are those that overlap."""
    held: list[tuple[str, int, dict[str, Any]]] = []
    number = 0
    for chunk in chunks:
        entries = entries_of(chunk)
        begins = entries[0]["timestamp"] if entries else ""
        while held and held[0][0] < begins:
            yield heapq.heappop(held)[2]
        for entry in entries:
            number += 1
            heapq.heappush(held, (entry["timestamp"], number, entry))
    while held:
        yield heapq.heappop(held)[2]
