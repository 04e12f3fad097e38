"""Outputs of executions and task runs by themselves, as the 2.x clients ask for them."""

from __future__ import annotations

from typing import Any

from thermik.api.errors import NotFound
from thermik.api.request import Request
from thermik.api.routing import Router
from thermik.api.services import Services
from thermik.executions.model import TaskRun

router = Router("Outputs")


@router.route("GET", "/outputs/executions/<execution_id>")
def of_execution(services: Services, request: Request) -> dict[str, Any]:
    """The outputs of the flow."""
    return services.executions.execution(request["execution_id"]).value.outputs or {}


@router.route("GET", "/outputs/tasks/<execution_id>", "/outputs/<execution_id>")
def task_runs_with_outputs(services: Services, request: Request) -> list[dict[str, Any]]:
    """The task runs of an execution that have outputs."""
    execution = services.executions.execution(request["execution_id"]).value
    runs = (run.value for run in services.executions.all_task_runs(execution.id))
    return [_described(run) for run in runs if run.outputs or run.progress.outputs_uri]


@router.route("GET", "/outputs/tasks/<execution_id>/<task_run_id>", "/outputs/<execution_id>/<task_run_id>")
def of_task_run(services: Services, request: Request) -> dict[str, Any]:
    """The outputs of a task run."""
    task_run_id = request["task_run_id"]
    found = services.executions.task_runs(request["execution_id"], [task_run_id]).get(task_run_id)
    if found is None:
        raise NotFound(f"Task run '{task_run_id}' not found in execution '{request['execution_id']}'")
    return services.large_outputs.read(found.value)


def _described(run: TaskRun) -> dict[str, Any]:
    described = {"taskRunId": run.id, "taskId": run.task_id, "value": run.value, "iteration": run.iteration}
    inline = run.progress.outputs_uri is None
    return {name: value for name, value in described.items() if value is not None} | {"inline": inline}
