"""Sorting lists by fields that some items do not have."""

from __future__ import annotations

import pytest

from thermik.api.paging import Order, dotted, sort_items

ITEMS = [{"id": "b", "n": 2}, {"id": "none"}, {"id": "a", "n": 2}, {"id": "c", "n": 1}]


@pytest.mark.parametrize(
    ("orders", "ids"),
    [
        ([Order("n", descending=False)], ["c", "b", "a", "none"]),
        ([Order("n", descending=True)], ["b", "a", "c", "none"]),
        ([Order("n", descending=False), Order("id", descending=False)], ["c", "a", "b", "none"]),
        ([Order("id", descending=True)], ["none", "c", "b", "a"]),
    ],
)
def test_what_has_no_value_comes_last(orders: list[Order], ids: list[str]) -> None:
    assert [item["id"] for item in sort_items(ITEMS, orders, dotted)] == ids


def test_values_of_several_kinds_do_not_stop_it() -> None:
    found = sort_items([{"v": "x"}, {"v": 2}, {"v": 1.5}, {"v": None}], [Order("v", descending=False)], dotted)
    assert found[-1] == {"v": None}
