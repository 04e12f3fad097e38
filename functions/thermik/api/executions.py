"""Executions: created, looked at, listed, deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from thermik.api.answers import NO_CONTENT, Answer, Awaited
from thermik.api.creation import create_from_form
from thermik.api.errors import BadRequest
from thermik.api.execution_search import FIELDS, newest_of_flow, search_executions
from thermik.api.execution_wire import many_with_task_runs, task_runs_of, with_task_runs
from thermik.api.filters import read_filters
from thermik.api.flow_wire import flow_for_execution
from thermik.api.paging import PAGE_QUERY, page_request
from thermik.api.request import Request
from thermik.api.routing import TENANT, Router
from thermik.api.services import Services
from thermik.clock import instant_text
from thermik.executions.changes import delete as delete_one
from thermik.executions.model import Execution, TaskRun, execution_wire

FORM = "multipart/form-data"
MAX_LATEST = 500

_FILTERS = "q namespace flowId state labels scope startDate endDate timeRange triggerExecutionId childFilter filters"

router = Router("Executions")


@router.route(
    "POST",
    "/executions/<namespace>/<flow_id>",
    "/executions/trigger/<namespace>/<flow_id>",
    query="labels wait revision scheduleDate kind breakpoints",
    consumes=FORM,
)
def create(services: Services, request: Request) -> Answer:
    """Start an execution; with `wait`, answer when it has ended."""
    execution = create_from_form(services, request)
    created = Answer(_started(execution, []))  # no read for its task runs: it has just begun
    if not request.flag("wait"):
        return created

    def ended() -> Answer | None:
        now = services.executions.execution(execution.id).value
        return Answer(_started(now, task_runs_of(services, now.id))) if now.state.is_terminal else None

    return replace(created, awaited=Awaited(execution.id, ended))


def _started(execution: Execution, task_runs: list[TaskRun]) -> dict[str, Any]:
    """An execution as the answer to its creation: with where people can look at it."""
    return {**execution_wire(execution, task_runs, TENANT), "url": f"/ui/executions/{execution.id}"}


@router.route("GET", "/executions/<execution_id>")
def get(services: Services, request: Request) -> dict[str, Any]:
    """An execution with its task runs."""
    return with_task_runs(services, services.executions.execution(request["execution_id"]).value)


@router.route("GET", "/executions", "/executions/search", query=f"{PAGE_QUERY} {_FILTERS}")
def search(services: Services, request: Request) -> dict[str, Any]:
    """A page of the executions that pass the filters, newest first unless sorted otherwise."""
    filters = read_filters(request, FIELDS)
    found = search_executions(services.table, filters, page_request(request), services.now())
    return found.wire(many_with_task_runs(services, found.items))


@router.route("POST", "/executions/latest", consumes="application/json")
def latest(services: Services, request: Request) -> list[dict[str, Any]]:
    """The newest execution of each of these flows."""
    wanted = request.json_list()
    if len(wanted) > MAX_LATEST or not all(isinstance(each, dict) for each in wanted):
        raise BadRequest(f"The body must be an array of at most {MAX_LATEST} objects with `namespace` and `id`")
    found = (
        newest_of_flow(services.table, str(each.get("namespace")), str(each.get("id") or each.get("flowId")))
        for each in wanted
    )
    return [
        {
            "id": execution.id,
            "flowId": execution.flow_id,
            "namespace": execution.namespace,
            "startDate": instant_text(execution.state.start_date),
            "status": execution.state.current.value,
        }
        for execution in found
        if execution is not None
    ]


@router.route("DELETE", "/executions/<execution_id>", query="deleteLogs deleteMetrics deleteStorage")
def delete(services: Services, request: Request) -> Answer:
    """Delete an execution with its task runs, and its logs and files unless they are to be kept."""
    delete_one(
        services.life,
        services.blobs,
        request["execution_id"],
        logs=request.flag("deleteLogs", default=True),
        storage=request.flag("deleteStorage", default=True),
    )
    return NO_CONTENT


@router.route("GET", "/executions/<execution_id>/flow")
def flow_of_execution(services: Services, request: Request) -> dict[str, Any]:
    """The flow of an execution, in the revision that it ran."""
    execution = services.executions.execution(request["execution_id"]).value
    revision = services.flows.get(execution.namespace, execution.flow_id, execution.flow_revision)
    return flow_for_execution(revision)


@router.route("GET", "/executions/flows/<namespace>/<flow_id>", query="revision")
def flow_to_execute(services: Services, request: Request) -> dict[str, Any]:
    """A flow as one who is about to execute it needs it."""
    revision = services.flows.get(request["namespace"], request["flow_id"], request.optional_number("revision"))
    return flow_for_execution(revision)


@router.route("GET", "/executions/namespaces")
def namespaces(services: Services, _request: Request) -> list[str]:
    """Every namespace with a flow to execute."""
    return [*services.flows.namespaces()]
