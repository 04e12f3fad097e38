"""Executions are found by index, newest first, a page at a time, in few reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from thermik.api.errors import Unprocessable
from thermik.api.execution_search import search_executions
from thermik.api.filters import Filter, Filters
from thermik.api.listings import COUNT_AHEAD, MAX_LOOKED_AT, take_all, take_page
from thermik.api.paging import Order, PageRequest
from thermik.api.services import Services
from thermik.executions.model import Execution, Label, Metadata
from thermik.executions.repository import Versioned
from thermik.executions.state import State

NOW = datetime(2024, 6, 15, tzinfo=UTC)


@pytest.fixture
def found(services: Services) -> Any:
    """Thirty executions, one each ten days back from now, of two flows in turn; finds the ids of a page."""
    for number in range(30):
        created = NOW - timedelta(days=10 * number)
        execution = Execution(
            id=f"e{number:02d}",
            namespace="a.b",
            flow_id=f"flow{number % 2}",
            flow_revision=1,
            labels=(Label(key="third", value=str(number % 3)),),
            state=State.created(created),
            original_id="e",
            metadata=Metadata(original_created_date=created),
        )
        services.executions.write(Versioned(execution))

    def search(filters: Filters, number: int = 1, size: int = 5, *orders: Order) -> tuple[list[int], int]:
        page = search_executions(services.table, filters, PageRequest(number, size, orders), NOW)
        return [int(execution.id[1:]) for execution in page.items], page.total

    return search


def test_all_newest_first_over_months(found: Any) -> None:
    assert found([]) == ([0, 1, 2, 3, 4], 30)
    assert found([], 6) == ([25, 26, 27, 28, 29], 30)
    assert found([], 7) == ([], 30)


def test_of_a_flow_and_with_filters(found: Any) -> None:
    flow: Filters = [Filter("namespace", "EQUALS", "a.b"), Filter("flowId", "EQUALS", "flow1")]
    assert found(flow, 2) == ([11, 13, 15, 17, 19], 15)
    assert found([*flow, Filter("labels", "EQUALS", "0", "third")]) == ([3, 9, 15, 21, 27], 5)
    since = Filter("startDate", "GREATER_THAN", (NOW - timedelta(days=30)).isoformat())
    until = Filter("startDate", "LESS_THAN_OR_EQUAL_TO", (NOW - timedelta(days=10)).isoformat())
    assert found([since]) == ([0, 1, 2], 3)
    assert found([since, until]) == ([1, 2], 2)
    assert found([*flow, since, until]) == ([1], 1)
    assert found([Filter("timeRange", "EQUALS", "PT480H")]) == ([0, 1, 2], 3)


def test_other_orders(found: Any) -> None:
    assert found([], 1, 3, Order("state.startDate", descending=False)) == ([29, 28, 27], 30)
    assert found([], 1, 3, Order("flowId", descending=True), Order("id", descending=False)) == ([1, 3, 5], 30)


def test_a_long_list_is_read_no_further_than_is_shown() -> None:
    read = 0

    def endless() -> Any:
        nonlocal read
        while True:
            read += 1
            yield read, True

    found = take_page(endless(), PageRequest(2, 10))
    assert (found.items, found.total) == ([*range(11, 21)], 20 + COUNT_AHEAD)
    assert read <= 21 + COUNT_AHEAD


def test_a_search_that_is_given_up_says_so() -> None:
    nothing = take_page(((number, False) for number in range(MAX_LOOKED_AT + 10)), PageRequest(1, 10))
    assert nothing.wire([]) == {"results": [], "total": 0, "incomplete": True}
    assert take_page([(1, False)], PageRequest(1, 10)).wire([]) == {"results": [], "total": 0}
    with pytest.raises(Unprocessable, match="narrow"):
        take_all((number, True) for number in range(MAX_LOOKED_AT + 10))
