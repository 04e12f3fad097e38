from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thermik.flows.plugin_defaults import Default, apply, flow_defaults


def merged(task: dict[str, Any], *flow: dict[str, Any], glob: tuple[Default, ...] = ()) -> dict[str, Any]:
    """A task of type `a.b.C` with defaults of the flow and global ones."""
    data = {"pluginDefaults": list(flow), "tasks": [{"type": "a.b.C", **task}]}
    [result] = apply(data, glob)["tasks"]
    return {name: value for name, value in result.items() if name != "type"}


def default(*, forced: bool = False, kind: str = "a.b.C", **values: Any) -> dict[str, Any]:
    return {"type": kind, "forced": forced, "values": values}


@pytest.mark.parametrize(
    ("task", "defaults", "expected"),
    [
        ({}, [default(x=1)], {"x": 1}),
        ({"x": 0}, [default(x=1)], {"x": 0}),
        ({"x": None}, [default(x=1)], {"x": 1}),
        ({"x": 0}, [default(x=1, forced=True)], {"x": 1}),
        ({}, [default(x=1), default(x=2)], {"x": 1}),
        ({}, [default(x=1, forced=True), default(x=2, forced=True)], {"x": 1}),
        ({}, [default(x=1), default(x=2, forced=True)], {"x": 2}),
        ({}, [default(kind="a.b.", x=1)], {"x": 1}),
        ({}, [default(kind="a.c.", x=1)], {}),
        ({"m": {"k": 1}}, [default(m={"k": 2, "l": 3})], {"m": {"k": 1, "l": 3}}),
        ({"m": {"k": 1}}, [default(m={"k": 2, "l": 3}, forced=True)], {"m": {"k": 2, "l": 3}}),
        ({"l": [1]}, [default(l=[2])], {"l": [2, 1]}),
        ({"l": [1]}, [default(l=[2], forced=True)], {"l": [1, 2]}),
        ({"m": 1}, [default(m={"k": 2})], {"m": 1}),
    ],
)
def test_which_value_wins(task: dict[str, Any], defaults: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    assert merged(task, *defaults) == expected


def test_the_flows_come_before_global_ones_and_forced_ones_before_both() -> None:
    weak, strong = Default("a.", {"x": "global"}), Default("a.", {"x": "forced"}, forced=True)

    assert merged({}, default(x="flow"), glob=(weak,)) == {"x": "flow"}
    assert merged({}, glob=(weak,)) == {"x": "global"}
    assert merged({"x": "own"}, default(x="flow"), glob=(strong,)) == {"x": "forced"}
    assert merged({}, default(x="flow", forced=True), glob=(strong,)) == {"x": "flow"}


def test_every_mapping_with_a_type_is_reached_where_tasks_and_triggers_are() -> None:
    inner = {"type": "t"}
    data = {
        "pluginDefaults": [default(kind="t", x=1)],
        "tasks": [{"type": "s", "tasks": [inner], "cases": {"a": [inner]}, "taskRunner": inner}],
        "errors": [inner],
        "triggers": [{"type": "u", "conditions": [inner]}],
        "inputs": [{"type": "t"}],
        "variables": {"v": {"type": "t"}},
    }

    result = apply(data)

    full = {"x": 1, "type": "t"}
    assert result["tasks"] == [{"type": "s", "tasks": [full], "cases": {"a": [full]}, "taskRunner": full}]
    assert result["errors"] == [full]
    assert result["triggers"] == [{"type": "u", "conditions": [full]}]
    assert (result["inputs"], result["variables"]) == (data["inputs"], data["variables"])


def test_old_names_of_a_type_meet_todays() -> None:
    data = {"pluginDefaults": [default(kind="new.T", x=1)], "tasks": [{"type": "old.T"}]}

    result = apply(data, same=lambda one, other: {one, other} <= {"old.T", "new.T"})

    assert result["tasks"] == [{"x": 1, "type": "old.T"}]


def test_the_old_name_of_the_list() -> None:
    assert flow_defaults({"taskDefaults": [default(x=1)]}) == [Default("a.b.C", {"x": 1})]


def test_entries_of_a_wrong_shape_are_left_to_the_validation() -> None:
    data = {"pluginDefaults": [5, {"type": 1}, {"type": "a"}, {"type": "a", "values": []}], "tasks": [{"type": "a"}]}

    assert apply(data) is data


TASKS = st.recursive(
    st.dictionaries(st.sampled_from("xyz"), st.integers()).map(lambda values: {"type": "a", **values}),
    lambda inner: st.fixed_dictionaries({"type": st.just("b"), "tasks": st.lists(inner, max_size=3)}),
    max_leaves=8,
)


@given(st.lists(TASKS, max_size=4))
def test_the_source_is_not_changed_and_twice_is_as_once(tasks: list[dict[str, Any]]) -> None:
    data = {"pluginDefaults": [default(kind="a", x=1, y=2)], "tasks": tasks}
    before = repr(data)

    once = apply(data)

    assert repr(data) == before
    assert apply(once) == once
