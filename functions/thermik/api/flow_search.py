"""Flows found by filters. Their number is that of an installation's flows, so lists are read as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from thermik.api.execution_search import scope_of
from thermik.api.filters import Filters, View, equal_to, matches
from thermik.api.flow_wire import flow_data
from thermik.api.paging import PageRequest, sort_items
from thermik.flows.repository import FlowNotFound, FlowRevision, Flows, FlowSummary

FIELDS = frozenset(["q", "scope", "namespace", "flowId", "labels"])
"""What flows can be filtered by."""


def search_flows(flows: Flows, filters: Filters, page: PageRequest, now: datetime) -> tuple[list[FlowRevision], int]:
    """A page of the flows that pass, and how many there are."""
    found = [
        summary for summary in summaries(flows, equal_to(filters, "namespace")) if _passes(flows, summary, filters, now)
    ]
    if page.orders:
        found = sort_items(found, page.orders, _value)
    chosen = found[page.skip : page.skip + page.size]
    return [*_revisions(flows, chosen)], len(found)


def every_flow(flows: Flows, namespace: str | None = None) -> Iterator[FlowRevision]:
    """Every flow, of one namespace or of all."""
    return _revisions(flows, summaries(flows, namespace))


def matching_flows(flows: Flows, filters: Filters, now: datetime) -> list[FlowSummary]:
    """Every flow that passes."""
    return [
        summary for summary in summaries(flows, equal_to(filters, "namespace")) if _passes(flows, summary, filters, now)
    ]


def summaries(flows: Flows, namespace: str | None) -> Iterator[FlowSummary]:
    """What lists tell of every flow."""
    cursor: str | None = None
    while True:
        page = flows.list(namespace, limit=1000, cursor=cursor)
        yield from page.flows
        cursor = page.cursor
        if cursor is None:
            return


def _revisions(flows: Flows, chosen: Any) -> Iterator[FlowRevision]:
    for summary in chosen:
        try:
            yield flows.get(summary.namespace, summary.id, summary.revision)
        except FlowNotFound:  # deleted while the list was read
            continue


def _passes(flows: Flows, summary: FlowSummary, filters: Filters, now: datetime) -> bool:
    return matches(filters, _view(flows, summary), now)


def _view(flows: Flows, summary: FlowSummary) -> View:
    def view(field: str) -> Any:
        match field:
            case "q":
                return (summary.id, summary.namespace)
            case "scope":
                return scope_of(summary.namespace)
            case "labels":
                data = flow_data(flows.get(summary.namespace, summary.id, summary.revision))
                return {label["key"]: label["value"] for label in data.get("labels", [])}
            case "flowId":
                return summary.id
            case _:
                return summary.namespace

    return view


def _value(summary: FlowSummary, field: str) -> Any:
    return {
        "id": summary.id,
        "namespace": summary.namespace,
        "revision": summary.revision,
        "updated": summary.updated.isoformat(),
        "disabled": summary.disabled,
    }.get(field)
