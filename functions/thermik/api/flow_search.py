"""Flows found by filters. Their number is that of an installation's flows, so lists are read as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from thermik.api.execution_search import scope_of
from thermik.api.filters import Filters, View, equal_to, matches
from thermik.api.listings import Listed, page_of
from thermik.api.paging import PageRequest, sort_items
from thermik.flows.repository import FlowRevision, Flows, FlowSummary

FIELDS = frozenset(["q", "scope", "namespace", "flowId", "labels"])
"""What flows can be filtered by."""


def search_flows(flows: Flows, filters: Filters, page: PageRequest, now: datetime) -> Listed[FlowRevision]:
    """A page of the flows that pass."""
    found = matching_flows(flows, filters, now)
    if page.orders:
        found = sort_items(found, page.orders, _value)
    listed = page_of(found, page)
    return listed.of(flows.many(listed.items))


def every_flow(flows: Flows, namespace: str | None = None) -> list[FlowRevision]:
    """Every flow, of one namespace or of all."""
    return flows.many([*summaries(flows, namespace)])


def matching_flows(flows: Flows, filters: Filters, now: datetime) -> list[FlowSummary]:
    """Every flow that passes."""
    candidates = summaries(flows, equal_to(filters, "namespace"))
    return [summary for summary in candidates if matches(filters, _view(summary), now)]


def summaries(flows: Flows, namespace: str | None) -> Iterator[FlowSummary]:
    """What lists tell of every flow."""
    cursor: str | None = None
    while True:
        page = flows.list(namespace, limit=1000, cursor=cursor)
        yield from page.flows
        cursor = page.cursor
        if cursor is None:
            return


def _view(summary: FlowSummary) -> View:
    fields = {
        "q": (summary.id, summary.namespace),
        "scope": scope_of(summary.namespace),
        "labels": dict(summary.labels),
        "flowId": summary.id,
        "namespace": summary.namespace,
    }
    return fields.get


def _value(summary: FlowSummary, field: str) -> Any:
    return {
        "id": summary.id,
        "namespace": summary.namespace,
        "revision": summary.revision,
        "updated": summary.updated.isoformat(),
        "disabled": summary.disabled,
    }.get(field)
