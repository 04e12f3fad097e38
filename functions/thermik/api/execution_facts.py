"""What the executions as a whole tell: which values a field has, how long a flow takes, what can be executed."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import Any

from thermik.api.errors import Unprocessable
from thermik.api.execution_search import FIELDS, matching_executions, read_newest_first, view_of
from thermik.api.filters import field_name, read_filters
from thermik.api.flow_search import every_flow
from thermik.api.flow_wire import flow_for_execution
from thermik.api.request import Request
from thermik.api.routing import Router
from thermik.api.services import Services
from thermik.clock import parse_instant
from thermik.executions.model import wire
from thermik.executions.state import StateType
from thermik.storage import schema
from thermik.storage.table import Index

DISTINCT = ("namespace", "flowId", "state", "kind", "triggerId", "triggerExecutionId", "labels", "scope")
"""The fields whose values can be listed."""

DEFAULT_VALUES, MAX_VALUES = 100, 1000
MAX_TIMED = 500
"""The newest executions of a flow of which the average is taken."""

router = Router("Executions")


@router.route("GET", "/executions/distinct-field-values", query="field size filters")
def distinct_values(services: Services, request: Request) -> list[str]:
    """The values that a field has in the executions that pass the filters."""
    field = field_name(request.get("field") or "")
    if field not in DISTINCT:
        raise Unprocessable(f"Parameter 'field' must be one of {', '.join(DISTINCT)}, not '{field[:100]}'")
    size = request.number("size", DEFAULT_VALUES, least=1, most=MAX_VALUES)
    found = matching_executions(services.table, read_filters(request, FIELDS), services.now())
    values: set[str] = set()
    for execution in found:
        seen = view_of(wire(execution))(field)
        if isinstance(seen, dict):
            values.update(f"{key}:{value}" for key, value in seen.items())
        elif seen is not None:
            values.add(str(seen))
    return sorted(values)[:size]


@router.route("GET", "/executions/namespaces/<namespace>/flows")
def executable_flows(services: Services, request: Request) -> list[dict[str, Any]]:
    """The flows of a namespace that can be executed."""
    flows = (flow_for_execution(each) for each in every_flow(services.flows, request["namespace"]))
    return [flow for flow in flows if not flow.get("disabled")]


@router.route("GET", "/executions/namespaces/<namespace>/flows/<flow_id>/average-duration")
def average_duration(services: Services, request: Request) -> dict[str, Any]:
    """How long the newest successful executions of a flow took, in milliseconds; nothing where there is none."""
    namespace, flow_id = request["namespace"], request["flow_id"]
    services.flows.get(namespace, flow_id)
    newest = read_newest_first(services.table, schema.flow_partition(namespace, flow_id), Index.FIRST, None, None)
    states = (body["state"] for body in islice(newest, MAX_TIMED))
    spans = [
        (parse_instant(state["endDate"]) - parse_instant(state["startDate"])) / timedelta(milliseconds=1)
        for state in states
        if state["current"] == StateType.SUCCESS
    ]
    # absent, not 0, where nothing has succeeded yet: a page then shows no estimate
    average = {"avgDurationMs": round(sum(spans) / len(spans))} if spans else {}
    return {**average, "count": len(spans)}
