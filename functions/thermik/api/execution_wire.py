"""An execution as the API answers it: with its task runs, and their outputs wherever these are kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from thermik.api.routing import TENANT
from thermik.api.services import Services
from thermik.executions.model import Execution, TaskRun, execution_wire
from thermik.storage.errors import BlobNotFound


def with_task_runs(services: Services, execution: Execution) -> dict[str, Any]:
    """An execution with all its task runs."""
    return dict(execution_wire(execution, task_runs_of(services, execution.id), TENANT))


def many_with_task_runs(services: Services, executions: Iterable[Execution]) -> list[dict[str, Any]]:
    """Executions of a list, each with its task runs."""
    return [with_task_runs(services, execution) for execution in executions]


def task_runs_of(services: Services, execution_id: str) -> list[TaskRun]:
    """The task runs of an execution, outputs in place, oldest first."""
    return [_joined(services, run.value) for run in services.executions.all_task_runs(execution_id)]


def _joined(services: Services, run: TaskRun) -> TaskRun:
    try:
        return services.large_outputs.joined(run)
    except BlobNotFound:  # deleted with the execution's files: the run is shown without
        return run
