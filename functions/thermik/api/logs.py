"""The logs of executions: read, searched, downloaded, deleted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from thermik.api.answers import TEXT, Answer, attachment
from thermik.api.execution_search import by_month, read_newest_first, scope_of
from thermik.api.filters import (
    Filters,
    View,
    date_bounds,
    equal_to,
    least_level,
    matches,
    read_filters,
    severe_enough,
)
from thermik.api.listings import take_page
from thermik.api.paging import PAGE_QUERY, page_request
from thermik.api.request import Request
from thermik.api.routing import Router
from thermik.api.services import Services
from thermik.clock import parse_instant
from thermik.executions.logs import entries_of_execution
from thermik.storage import schema
from thermik.storage.table import MAX_TRANSACTION_WRITES, Delete, Index

FIELDS = frozenset(
    [
        "q",
        "scope",
        "namespace",
        "flowId",
        "executionId",
        "triggerId",
        "level",
        "startDate",
        "endDate",
        "timeRange",
        "taskId",
        "taskRunId",
        "attemptNumber",
    ]
)
"""What log entries can be filtered by."""

_OF_ONE = "minLevel taskRunId taskId attempt"

router = Router("Logs")


@router.route("GET", "/logs/<execution_id>", query=_OF_ONE)
def of_execution(services: Services, request: Request) -> list[dict[str, Any]]:
    """The log of an execution, oldest entry first."""
    return [*_chosen(services, request)]


@router.route("GET", "/logs/<execution_id>/download", query=_OF_ONE)
def download(services: Services, request: Request) -> Answer:
    """The log of an execution as text, a line an entry."""
    lines = "".join(
        f"{entry['timestamp']} {entry['level']} {entry['message']}\n" for entry in _chosen(services, request)
    )
    return Answer(lines, media_type=TEXT, headers={"Content-Disposition": attachment(f"{request['execution_id']}.log")})


@router.route("DELETE", "/logs/<execution_id>", query=_OF_ONE)
def delete(services: Services, request: Request) -> Answer:
    """Delete the log of an execution."""
    _forget(services, services.executions.execution(request["execution_id"]).value.id)
    return Answer()


@router.route("DELETE", "/logs/<namespace>/<flow_id>", query="triggerId")
def delete_of_flow(services: Services, request: Request) -> Answer:
    """Delete the logs of a flow's executions; with `triggerId` of those that this trigger started."""
    trigger_id = request.get("triggerId")
    partition = schema.flow_partition(request["namespace"], request["flow_id"])
    for body in read_newest_first(services.table, partition, Index.FIRST, None, None):
        if trigger_id in (None, body.get("trigger", {}).get("id")):
            _forget(services, body["id"])
    return Answer()


def _forget(services: Services, execution_id: str) -> None:
    partition = schema.execution_partition(execution_id)
    # from the beginning each time: what was deleted is gone, and a crash in between leaves the rest to a repetition
    while records := services.table.query(partition, prefix=schema.LOGS, limit=MAX_TRANSACTION_WRITES).records:
        services.table.write(*(Delete(record.key) for record in records))


@router.route("GET", "/logs/search", query=f"{PAGE_QUERY} q namespace flowId minLevel level startDate endDate filters")
def search(services: Services, request: Request) -> dict[str, Any]:
    """A page of the entries that pass the filters: of the newest executions first, each one's newest entry first."""
    filters = read_filters(request, FIELDS)
    now = services.now()
    entries = ((entry, matches(filters, view_of(entry), now)) for entry in _newest(services, filters))
    found = take_page(entries, page_request(request))
    return {**found.wire(found.items), "type": "OFFSET"}


def _chosen(services: Services, request: Request) -> Iterator[dict[str, Any]]:
    """The entries that a request wants. Raises: ExecutionNotFound, Unprocessable."""
    minimum = least_level(request)
    wanted = {"taskRunId": request.get("taskRunId"), "taskId": request.get("taskId")}
    attempt = request.optional_number("attempt")
    for entry in entries_of_execution(services.table, request["execution_id"]):
        if minimum is not None and not severe_enough(entry["level"], minimum):
            continue
        if attempt is not None and entry.get("attemptNumber") != attempt:
            continue
        if all(value is None or entry.get(name) == value for name, value in wanted.items()):
            yield entry


def view_of(entry: dict[str, Any]) -> View:
    """What an entry has under the fields of filters."""

    def view(field: str) -> Any:
        match field:
            case "q":
                return tuple(str(entry.get(name, "")) for name in ("message", "flowId", "namespace", "taskId"))
            case "scope":
                return scope_of(entry["namespace"])
            case "startDate" | "endDate":
                return parse_instant(entry["timestamp"])
            case _:
                return entry.get(field)

    return view


def _newest(services: Services, filters: Filters) -> Iterator[dict[str, Any]]:
    execution_id = equal_to(filters, "executionId")
    if execution_id is not None:
        yield from reversed(entries_of_execution(services.table, execution_id))
        return
    for execution in _executions(services, filters):
        yield from reversed(entries_of_execution(services.table, execution["id"]))


def _executions(services: Services, filters: Filters) -> Iterator[dict[str, Any]]:
    """The executions whose logs may pass: none that began after the latest date that is wanted."""
    _, most = date_bounds(filters, "startDate", services.now())
    namespace, flow_id = equal_to(filters, "namespace"), equal_to(filters, "flowId")
    if namespace is not None and flow_id is not None:
        partition = schema.flow_partition(namespace, flow_id)
        return read_newest_first(services.table, partition, Index.FIRST, None, most)
    return by_month(services.table, schema.ALL, None, most, services.now())
