"""Executions found by index, newest first: of a flow, of what started them, or of a month after the other.

The index gives the order and the dates; other filters are looked at item by item, on the stored JSON. What that costs
is bounded by `listings.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import MINYEAR, datetime, timedelta
from typing import Any

from thermik.api.filters import Filters, View, date_bounds, equal_to, matches
from thermik.api.listings import Listed, page_of, take_all, take_page
from thermik.api.paging import PageRequest, dotted, sort_items
from thermik.clock import instant_text, parse_instant
from thermik.executions.model import Execution
from thermik.storage import schema
from thermik.storage.table import Index, Table

FIELDS = frozenset(
    [
        "q",
        "scope",
        "namespace",
        "flowId",
        "labels",
        "startDate",
        "endDate",
        "timeRange",
        "state",
        "kind",
        "triggerExecutionId",
        "childFilter",
        "triggerId",
        "executionId",
    ]
)
"""What executions can be filtered by."""

EMPTY_MONTHS = 24
"""A list that names no dates ends after so many months without any execution: each of them is a query."""

_NEWEST_FIRST = ("state.startDate", "startDate")
_SYSTEM_NAMESPACE = "system"


def search_executions(table: Table, filters: Filters, page: PageRequest, now: datetime) -> Listed[Execution]:
    """A page of executions (see `listings.py`).

    Raises:
        Unprocessable: it would take too much reading.
    """
    items = ((body, matches(filters, view_of(body), now)) for body in _newest_first(table, filters, now))
    orders = page.orders
    if not orders or (orders[0].field in _NEWEST_FIRST and orders[0].descending):
        found = take_page(items, page)
    else:
        found = page_of(sort_items(take_all(items), orders, dotted), page)
    return found.of([Execution.model_validate(body) for body in found.items])


def matching_executions(table: Table, filters: Filters, now: datetime) -> list[Execution]:
    """All executions that pass. Raises: Unprocessable: too many."""
    items = ((body, matches(filters, view_of(body), now)) for body in _newest_first(table, filters, now))
    return [Execution.model_validate(body) for body in take_all(items)]


def newest_of_flow(table: Table, namespace: str, flow_id: str) -> Execution | None:
    """The newest execution of a flow."""
    found = table.query(schema.flow_partition(namespace, flow_id), index=Index.FIRST, descending=True, limit=1)
    return Execution.model_validate(found.records[0].body) if found.records else None


def view_of(body: dict[str, Any]) -> View:
    """What a stored execution has under the fields of filters."""

    def view(field: str) -> Any:
        return _VIEWS[field](body) if field in _VIEWS else body.get(field)

    return view


def _labels(body: dict[str, Any]) -> dict[str, str]:
    return {label["key"]: label["value"] for label in body.get("labels", ())}


def _started_by(body: dict[str, Any]) -> Any:
    return body.get("trigger", {}).get("variables", {}).get("executionId")


def _date(body: dict[str, Any], name: str) -> datetime | None:
    text = body["state"].get(name)
    return parse_instant(text) if text else None


_VIEWS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "q": lambda body: (body["id"], body["namespace"], body["flowId"]),
    "scope": lambda body: scope_of(body["namespace"]),
    "labels": _labels,
    "startDate": lambda body: _date(body, "startDate"),
    "endDate": lambda body: _date(body, "endDate"),
    "state": lambda body: body["state"]["current"],
    "kind": lambda body: body.get("kind", "NORMAL"),
    "triggerExecutionId": _started_by,
    "triggerId": lambda body: body.get("trigger", {}).get("id"),
    "childFilter": lambda body: "CHILD" if _started_by(body) else "MAIN",
    "executionId": lambda body: body["id"],
}


def scope_of(namespace: str) -> str:
    """Whether a namespace is the system's or a user's."""
    system = namespace == _SYSTEM_NAMESPACE or namespace.startswith(_SYSTEM_NAMESPACE + ".")
    return "SYSTEM" if system else "USER"


def _newest_first(table: Table, filters: Filters, now: datetime) -> Iterator[dict[str, Any]]:
    least, most = date_bounds(filters, "startDate", now)
    namespace, flow_id = equal_to(filters, "namespace"), equal_to(filters, "flowId")
    started_by = equal_to(filters, "triggerExecutionId")
    if namespace is not None and flow_id is not None:
        yield from read_newest_first(table, schema.flow_partition(namespace, flow_id), Index.FIRST, least, most)
    elif started_by is not None:
        yield from read_newest_first(table, schema.children_partition(started_by), Index.THIRD, least, most)
    else:
        yield from by_month(table, schema.ALL, least, most, now)


def by_month(
    table: Table, kind: str, least: datetime | None, most: datetime | None, now: datetime
) -> Iterator[dict[str, Any]]:
    """Items of a kind by creation, newest first, a month's partition after the other."""
    # never later than now, or a list up to the year 9000 would begin with seven thousand years of queries
    month = min(most or now, now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    empty = 0
    # from a month's first day: 31 days later it is surely over
    while empty < EMPTY_MONTHS and (least is None or month + timedelta(days=31) > least):
        partition = schema.month_partition(kind, instant_text(month))
        empty += 1
        for body in read_newest_first(table, partition, Index.SECOND, least, most):
            empty = 0
            yield body
        if month.year == MINYEAR:  # nothing is older, and no date either
            return
        month = (month - timedelta(days=1)).replace(day=1)


def read_newest_first(
    table: Table, partition: str, index: Index, least: datetime | None, most: datetime | None
) -> Iterator[dict[str, Any]]:
    """The items of a partition whose keys begin with their date, between two dates."""
    start = instant_text(least) if least else None
    end = instant_text(most) + "\U0010ffff" if most else None  # behind the date stands an id: the date is included
    cursor, limit = None, 100  # nearly every list ends within the first hundred, and reading more costs
    while True:
        page = table.query(partition, index=index, start=start, end=end, descending=True, limit=limit, cursor=cursor)
        for record in page.records:
            yield record.body
        cursor, limit = page.cursor, 1000
        if cursor is None:
            return
