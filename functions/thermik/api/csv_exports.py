"""Lists as tables of comma-separated values (RFC 4180), for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from thermik.api.answers import Answer, attachment
from thermik.api.execution_search import FIELDS as EXECUTION_FIELDS
from thermik.api.execution_search import matching_executions
from thermik.api.filters import read_filters
from thermik.api.flow_search import FIELDS as FLOW_FIELDS
from thermik.api.flow_search import matching_flows
from thermik.api.flow_wire import flow_wire
from thermik.api.paging import dotted
from thermik.api.request import Request
from thermik.api.routing import TENANT, Router
from thermik.api.services import Services
from thermik.api.trigger_acts import QUERY
from thermik.api.trigger_wire import FIELDS as TRIGGER_FIELDS
from thermik.api.trigger_wire import matching_triggers, trigger_wire
from thermik.executions.model import execution_wire

CSV = "text/csv; charset=utf-8"

_EXECUTION = (
    "id",
    "namespace",
    "flowId",
    "flowRevision",
    "state.current",
    "state.startDate",
    "state.endDate",
    "state.duration",
    "trigger.id",
    "labels",
    "inputs",
    "outputs",
)
_FLOW = ("id", "namespace", "revision", "description", "disabled", "updated", "labels")
_TRIGGER = (
    "namespace",
    "flowId",
    "triggerId",
    "disabled",
    "locked",
    "executionId",
    "date",
    "nextExecutionDate",
    "evaluatedAt",
    "updatedDate",
    "backfill",
)

router = Router("Exports")


@router.route(
    "GET",
    "/executions/export/by-query/csv",
    query="q namespace flowId state labels scope startDate endDate timeRange triggerExecutionId childFilter filters",
)
def executions(services: Services, request: Request) -> Answer:
    """The executions that pass the filters, newest first, a row each."""
    found = matching_executions(services.table, read_filters(request, EXECUTION_FIELDS), services.now())
    return _table("executions", _EXECUTION, (execution_wire(each, [], TENANT) for each in found))


@router.route("GET", "/flows/export/by-query/csv", query="q namespace scope labels filters")
def flows(services: Services, request: Request) -> Answer:
    """The flows that pass the filters, a row each."""
    found = matching_flows(services.flows, read_filters(request, FLOW_FIELDS), services.now())
    return _table("flows", _FLOW, map(flow_wire, services.flows.many(found)))


@router.route("GET", "/triggers/export/by-query/csv", query=QUERY)
def triggers(services: Services, request: Request) -> Answer:
    """The triggers that pass the filters, a row each."""
    found = matching_triggers(services, read_filters(request, TRIGGER_FIELDS))
    return _table("triggers", _TRIGGER, map(trigger_wire, found))


def _table(name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Answer:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_cell(dotted(row, column)) for column in columns] for row in rows)
    headers = {"Content-Disposition": attachment(f"{name}.csv")}
    return Answer(text.getvalue(), media_type=CSV, headers=headers)


def _cell(value: Any) -> str:
    """A value as text; what is no single value as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
