"""Whatever a source says, it is accepted or refused with problems at positions: nothing else may happen."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from thermik.flows.problems import InvalidFlow, Problem
from thermik.flows.validation import parse_flow
from thermik.tasks.registry import Registry
from thermik.triggers.registry import TriggerRegistry
from unit.flows.sample import LOG, log

TYPES, TRIGGERS = Registry(), TriggerRegistry()
FLOW = "io.kestra.plugin.core.flow."

RICH: dict[str, Any] = {
    "id": "rich",
    "namespace": "tests",
    "labels": {"a": "b"},
    "inputs": [
        {"id": "a", "type": "INT", "min": 1, "dependsOn": {"inputs": ["b"], "condition": "{{ true }}"}},
        {"id": "b", "type": "SELECT", "values": ["x"]},
    ],
    "outputs": [{"id": "o", "type": "STRING", "value": "{{ inputs.a }}"}],
    "variables": {"v": [1]},
    "tasks": [
        log("a", retry={"type": "constant", "interval": "PT1S", "maxAttempt": 2}, timeout="PT1M"),
        {"id": "s", "type": FLOW + "Switch", "value": "x", "cases": {"x": [log("b")]}, "errors": [log("c")]},
    ],
    "errors": [log("e")],
    "listeners": [{"conditions": [], "tasks": [log("l")]}],
    "triggers": [
        {"id": "t", "type": "io.kestra.plugin.core.trigger.Schedule", "cron": "* * * * *", "labels": {"k": "v"}}
    ],
    "pluginDefaults": [{"type": LOG, "forced": True, "values": {"level": "WARN"}}],
    "concurrency": {"limit": 1, "behavior": "QUEUE"},
    "sla": [{"id": "s", "type": "MAX_DURATION", "behavior": "FAIL", "duration": "PT1S", "labels": {"k": "v"}}],
    "checks": [{"condition": "{{ true }}", "message": "m"}],
}

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "{{ x", LOG, "system.a", "a", "PT1S"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "type", "key", "x"]), inner),
    max_leaves=4,
)


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [place] if place else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found + [inner for step, item in items for inner in places(item, (*place, step))]


def changed(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = changed(value[place[0]], place[1:], new)
    return copy


def outcome(text: str) -> tuple[Problem, ...]:
    try:
        return parse_flow(text, TYPES, TRIGGERS).warnings
    except InvalidFlow as invalid:
        return invalid.problems


@given(st.lists(st.tuples(st.sampled_from(places(RICH)), VALUES), min_size=1, max_size=3))
def test_a_flow_with_anything_anywhere(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    data = RICH
    for place, new in changes:
        if place in places(data):
            data = changed(data, place, new)

    for problem in outcome(yaml.safe_dump(data, sort_keys=False)):
        assert problem.position is not None
        assert problem.message


@given(st.dictionaries(st.sampled_from([*RICH, "finally", "taskDefaults"]), VALUES, max_size=6))
def test_a_flow_of_anything(data: dict[str, Any]) -> None:
    assert all(problem.position for problem in outcome(yaml.safe_dump(data)))
