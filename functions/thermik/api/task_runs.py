"""Task runs of all executions, newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from thermik.api.execution_search import by_month, scope_of
from thermik.api.filters import View, date_bounds, matches, read_filters
from thermik.api.listings import page_of, take_all, take_page
from thermik.api.paging import PAGE_QUERY, dotted, page_request, sort_items
from thermik.api.request import Request
from thermik.api.routing import Router
from thermik.api.services import Services
from thermik.clock import parse_instant
from thermik.executions.model import TaskRun, wire
from thermik.storage import schema

FIELDS = frozenset(
    ["q", "scope", "namespace", "flowId", "executionId", "taskId", "state", "startDate", "endDate", "timeRange"]
)
"""What task runs can be filtered by."""

router = Router("Task runs")


@router.route("GET", "/taskruns/search", query=f"{PAGE_QUERY} q namespace flowId state startDate endDate filters")
def search(services: Services, request: Request) -> dict[str, Any]:
    """A page of the task runs that pass the filters, newest first unless sorted otherwise."""
    filters = read_filters(request, FIELDS)
    wanted = page_request(request)
    now = services.now()
    least, most = date_bounds(filters, "startDate", now)
    bodies = by_month(services.table, schema.ALL_TASK_RUNS, least, most, now)
    items = ((body, matches(filters, _view(body), now)) for body in bodies)
    if not wanted.orders or (wanted.orders[0].field == "state.startDate" and wanted.orders[0].descending):
        found = take_page(items, wanted)
    else:
        found = page_of(sort_items(take_all(items), wanted.orders, dotted), wanted)
    runs = (services.large_outputs.joined(TaskRun.model_validate(body)) for body in found.items)
    return found.wire([wire(run) for run in runs])


def _view(body: dict[str, Any]) -> View:
    def view(field: str) -> Any:
        match field:
            case "q":
                return (body["id"], body["taskId"], body["flowId"], body["namespace"])
            case "scope":
                return scope_of(body["namespace"])
            case "state":
                return body["state"]["current"]
            case "startDate" | "endDate":
                return _date(body, field)
            case _:
                return body.get(field)

    return view


def _date(body: dict[str, Any], name: str) -> datetime | None:
    text = body["state"].get(name)
    return parse_instant(text) if text else None
