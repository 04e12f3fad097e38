"""Each operator of filters, on each kind of field; and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from thermik.api.errors import BadRequest
from thermik.api.filters import FIELDS, Filters, date_bounds, equal_to, matches, read_filters
from thermik.api.request import Request, read_query

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
ITEM = {
    "q": ("Orders", "shop.eu"),
    "namespace": "shop.eu",
    "flowId": "orders",
    "state": "SUCCESS",
    "labels": {"team": "data", "env": "prod"},
    "startDate": datetime(2024, 6, 1, 11, tzinfo=UTC),
    "endDate": None,
    "level": "WARN",
    "kind": None,
}


def _filters(*query: tuple[str, str]) -> Filters:
    return read_filters(Request("GET", "/", query=read_query(urlencode(query))), FIELDS)


def _passes(*query: tuple[str, str]) -> bool:
    return matches(_filters(*query), ITEM.get, NOW)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("[namespace][EQUALS]", "shop.eu", True),
        ("[namespace][EQUALS]", "shop", False),
        ("[namespace][NOT_EQUALS]", "shop", True),
        ("[namespace][IN]", "a, shop.eu", True),
        ("[namespace][NOT_IN]", "a,shop.eu", False),
        ("[namespace][CONTAINS]", "OP.e", True),
        ("[namespace][NOT_CONTAINS]", "x", True),
        ("[namespace][STARTS_WITH]", "sho", True),
        ("[namespace][ENDS_WITH]", ".eu", True),
        ("[namespace][PREFIX]", "shop", True),
        ("[namespace][PREFIX]", "sho", False),
        ("[namespace][REGEX]", "^shop\\.[a-z]{2}$", True),
        ("[kind][IS_NULL]", "", True),
        ("[state][IS_NOT_NULL]", "", True),
        ("[q][EQUALS]", "orDER", True),
        ("[q][NOT_EQUALS]", "order", False),
        ("[labels][EQUALS][team]", "data", True),
        ("[labels][NOT_EQUALS][team]", "data", False),
        ("[labels][CONTAINS][env]", "pro", True),
        ("[labels][IN]", "team:data,a:b", True),
        ("[labels][EQUALS]", "team:data,a:b", False),
        ("[labels][CONTAINS]", "env:p", True),
        ("[startDate][GREATER_THAN]", "2024-06-01T11:00:00Z", False),
        ("[startDate][GREATER_THAN_OR_EQUAL_TO]", "2024-06-01T13:00:00+02:00", True),
        ("[startDate][LESS_THAN]", "2024-06-02T00:00:00Z", True),
        ("[endDate][LESS_THAN]", "2024-06-02T00:00:00Z", False),
        ("[endDate][IS_NULL]", "", True),
        ("[timeRange][EQUALS]", "PT2H", True),
        ("[timeRange][EQUALS]", "PT30M", False),
        ("[level][EQUALS]", "INFO", True),
        ("[level][EQUALS]", "ERROR", False),
    ],
)
def test_operators(name: str, value: str, expected: bool) -> None:
    assert _passes(("filters" + name, value)) is expected


def test_several_must_all_hold_and_groups_are_alternatives() -> None:
    state, flow = ("filters[state][EQUALS]", "SUCCESS"), ("filters[flowId][EQUALS]", "none")
    assert _passes(state)
    assert not _passes(state, flow)
    groups = [
        ("filters[or][0][flowId][EQUALS]", "none"),
        ("filters[or][1][and][0][state][EQUALS]", "SUCCESS"),
        ("filters[or][1][and][1][flowId][EQUALS]", "orders"),
    ]
    assert _passes(*groups)
    assert not _passes(*groups[:2], ("filters[or][1][and][1][flowId][EQUALS]", "x"))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ([("namespace", "shop")], True),
        ([("state", "FAILED"), ("state", "SUCCESS")], True),
        ([("labels", "team:data"), ("labels", "env:test")], False),
        ([("minLevel", "ERROR")], False),
        ([("startDate", "2024-06-01T10:00:00Z"), ("endDate", "2024-06-01T11:30:00Z")], True),
        ([("page", "1"), ("unknown", "x")], True),
    ],
)
def test_plain_parameters(query: list[tuple[str, str]], expected: bool) -> None:
    assert _passes(*query) is expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("[nothing][EQUALS]", "x"),
        ("[state][REGEX]", "x"),
        ("[state]", "x"),
        ("[state][EQUALS][key]", "x"),
        ("[or][0]", "x"),
        ("[startDate][LESS_THAN]", "yesterday"),
        ("[timeRange][EQUALS]", "an hour"),
        ("[level][EQUALS]", "LOUD"),
        ("[namespace][REGEX]", "("),
        ("[namespace][REGEX]", "a" * 1000),
        ("[namespace][REGEX]", "((a{1000}){1000}){1000}"),  # which would fill the memory when it is compiled
        ("[namespace][REGEX]", "(?P<name>a)"),  # Python's, not Java's
    ],
)
def test_refused(name: str, value: str) -> None:
    with pytest.raises(BadRequest):
        _filters(("filters" + name, value))


def test_a_pattern_cannot_hold_up_the_server() -> None:
    filters = _filters(("filters[namespace][REGEX]", "(a|aa)+$"))
    with pytest.raises(BadRequest, match="too long"):
        matches(filters, {"namespace": "a" * 60 + "b"}.get, NOW)


def test_what_the_index_can_use() -> None:
    filters = _filters(
        ("filters[namespace][EQUALS]", "a"),
        ("filters[timeRange][EQUALS]", "PT1H"),
        ("filters[startDate][LESS_THAN]", "2024-06-01T11:30:00Z"),
    )
    assert equal_to(filters, "namespace") == "a"
    assert equal_to(filters, "flowId") is None
    bounds: tuple[Any, Any] = (datetime(2024, 6, 1, 11, tzinfo=UTC), datetime(2024, 6, 1, 11, 30, tzinfo=UTC))
    assert date_bounds(filters, "startDate", NOW) == bounds
