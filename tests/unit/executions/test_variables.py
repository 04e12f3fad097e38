"""`vars` as tasks change it: pure functions over maps."""

from __future__ import annotations

import pytest

from thermik.executions.refusals import Unacceptable
from thermik.executions.variables import with_variables, without_variables

THERE = {"a": 1, "order": {"id": 7, "lines": [1]}}


def test_maps_are_merged_and_all_else_is_replaced() -> None:
    changed = with_variables(THERE, {"a": 2, "order": {"total": 3, "lines": [2]}}, overwrite=True)
    assert changed == {"a": 2, "order": {"id": 7, "total": 3, "lines": [2]}}
    assert THERE == {"a": 1, "order": {"id": 7, "lines": [1]}}


def test_without_overwrite_only_what_is_new_or_the_same_passes() -> None:
    assert with_variables(THERE, {"b": 2, "a": 1}, overwrite=False)["b"] == 2
    with pytest.raises(Unacceptable, match="a, order"):
        with_variables(THERE, {"a": 2, "order": 1}, overwrite=False)


def test_a_dot_leads_into_a_map() -> None:
    assert without_variables(THERE, ["order.id", "a"], ignore_missing=False) == {"order": {"lines": [1]}}
    assert without_variables(THERE, ["a.b", "none"], ignore_missing=True) == THERE
    with pytest.raises(Unacceptable, match=r"a\.b, none"):
        without_variables(THERE, ["a.b", "none", "a"], ignore_missing=False)
