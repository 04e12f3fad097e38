"""Trying an expression on an execution, or on one of its task runs: what it gives, or why it gives nothing.

Secrets are not available: whoever may look at an execution need not see them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NoReturn

from thermik.api.errors import NotFound
from thermik.api.request import Request
from thermik.api.routing import Router
from thermik.api.services import Services
from thermik.executions.model import Lease
from thermik.executions.places import Place
from thermik.expressions import ExpressionError, render
from thermik.worker.ports import Ports
from thermik.worker.scene import Scene, TaskScene, enter
from thermik.worker.services import ExpressionServices

router = Router("Execution actions")


class _NoLeases:
    """Leases for those who never work on an attempt."""

    def take(self, deadline: datetime | None) -> NoReturn:
        raise NotImplementedError(f"no attempt runs here (until {deadline})")

    def release(self, lease: Lease) -> NoReturn:
        raise NotImplementedError(lease.holder)

    def is_held(self, lease: Lease) -> NoReturn:
        raise NotImplementedError(lease.holder)


@router.route(
    "POST",
    "/executions/<execution_id>/actions/eval",
    "/executions/<execution_id>/actions/eval/<task_run_id>",
    "/executions/<execution_id>/eval",
    "/executions/<execution_id>/eval/<task_run_id>",
    consumes="text/plain",
)
def evaluate(services: Services, request: Request) -> dict[str, Any]:
    """Render an expression with what an execution, or a task run, would see."""
    return result_of(services, request["execution_id"], request.variables.get("task_run_id"), request.text())


def result_of(services: Services, execution_id: str, task_run_id: str | None, expression: str) -> dict[str, Any]:
    """`{result}` of an expression, or `{error, stackTrace}`. Raises: ExecutionNotFound, NotFound."""
    scene = enter(_ports(services), execution_id)
    try:
        variables = scene.variables() if task_run_id is None else _of_task_run(scene, task_run_id)
        return {"result": _shown(render(expression, variables, ExpressionServices(scene)))}
    except ExpressionError as error:
        return {"error": str(error), "stackTrace": repr(error)}  # Kestra's shape, without a trace of ours


def rendered_on(services: Services, execution_id: str, expressions: Iterable[str]) -> dict[str, str]:
    """What each expression gives with what an execution sees; one that gives nothing stands for itself.

    Raises:
        ExecutionNotFound.
    """
    scene = enter(_ports(services), execution_id)
    return rendered(expressions, scene.variables(), ExpressionServices(scene))


def rendered(expressions: Iterable[str], variables: Any, services: Any) -> dict[str, str]:
    """What each expression gives; one that gives nothing stands for itself."""
    return {each: _or_itself(each, variables, services) for each in expressions}


def _or_itself(expression: str, variables: Any, services: Any) -> str:
    try:
        return _shown(render(expression, variables, services))
    except ExpressionError:
        return expression


def _of_task_run(scene: Scene, task_run_id: str) -> Any:
    run = scene.journal.run(task_run_id)
    execution = scene.execution.value
    if run is None:
        raise NotFound(f"Task run '{task_run_id}' not found in execution '{execution.id}'")
    place = Place(execution.id, scene.plan.tree[run.task_id], run.progress.scope)
    of_task = TaskScene(scene.ports, scene.execution, scene.plan, scene.journal, place, None)
    return of_task.task_variables(run)


def _ports(services: Services) -> Ports:
    return Ports(
        services.life,
        services.blobs,
        _NoLeases(),
        zone=services.zone,
        secret=_no_secret,
        variables=services.variables,
    )


def _no_secret(_namespace: str, key: str) -> str:
    raise KeyError(key)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else str(value)
