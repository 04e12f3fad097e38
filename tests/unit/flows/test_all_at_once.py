"""Every problem of a flow is told at once: none hides another, of whatever kinds they are."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from thermik.flows.validation import validate_source
from thermik.tasks.registry import Registry
from thermik.triggers.registry import TriggerRegistry

TYPES, TRIGGERS = Registry(), TriggerRegistry()
CORE = "io.kestra.plugin.core."


def log(name: str = "log", **more: Any) -> dict[str, Any]:
    return {"id": name, "type": f"{CORE}log.Log", "message": "m", **more}


def task(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "type": CORE + kind, **more}


def told(**properties: Any) -> list[str]:
    flow = {"id": "whole", "namespace": "tests", "tasks": [log()], **properties}
    return [problem.text for problem in validate_source(yaml.safe_dump(flow, sort_keys=False), TYPES, TRIGGERS)]


SELF_CALL = task("call", "flow.Subflow", flowId="whole", namespace="tests")
CIRCLE = [{"task": log("x"), "dependsOn": ["y"]}, {"task": log("y"), "dependsOn": ["x"]}]
IN_CIRCLE = "Cyclic dependency detected: x, y"


def test_problems_of_every_kind() -> None:
    found = told(
        id="-",
        unknown=1,
        labels={"system.a": "b"},
        inputs=[{"id": "a", "type": "STRING", "dependsOn": {"inputs": ["b"]}}, {"id": "c", "type": "NO"}],
        tasks=[log(), log(nope=1), task("s", "flow.Switch", value="v"), {"id": "u", "type": "no.Such"}],
        outputs=[{"id": "o", "type": "STRING"}],
        triggers=[{"id": "t", "type": f"{CORE}trigger.Schedule", "cron": "x", "timezone": "Nowhere"}],
        pluginDefaults=[{"type": f"{CORE}log.Log", "values": {"mesage": "x"}}],
        concurrency={"limit": 0},
        listeners=[{"tasks": [log("l")]}],
    )

    paths = [text.partition(": ")[0] for text in found]
    assert paths == [
        "id",
        "tasks[1].id",
        "tasks[1].nope",
        "tasks[2]",
        "tasks[3]",
        "unknown",
        "labels.system.a",
        "inputs[0].dependsOn.inputs[0]",
        "inputs[1]",
        "outputs[0].value",
        "triggers[0]",
        "triggers[0].timezone",
        "pluginDefaults[0].values.mesage",
        "concurrency.limit",
        "listeners",
    ]


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        ([SELF_CALL, log(nope=1)], "tasks[0]: Recursive call to flow [tests.whole]"),
        ([{**SELF_CALL, "nope": 1}], "tasks[0]: Recursive call to flow [tests.whole]"),
        ([task("p", "flow.Parallel", tasks=[SELF_CALL, {"id": "u", "type": "no.Such"}])], "tasks[0].tasks[0]: Rec"),
        ([task("p", "flow.Parallel", nope=1, tasks=[SELF_CALL])], "tasks[0].tasks[0]: Recursive"),
        ([task("d", "flow.Dag", nope=1, tasks=CIRCLE)], f"tasks[0]: {IN_CIRCLE}"),
        ([task("d", "flow.Dag", timeout="soon", retry={"type": "no"}, tasks=CIRCLE)], f"tasks[0]: {IN_CIRCLE}"),
        ([task("d", "flow.Dag", tasks=[{**each, "no": 1} for each in CIRCLE])], f"tasks[0]: {IN_CIRCLE}"),
        ([task("d", "flow.Dag", tasks=[{**CIRCLE[0], "task": {"id": "x", "type": "no.Such"}}, CIRCLE[1]])], IN_CIRCLE),
        ([task("d", "flow.Dag", tasks=[{**CIRCLE[0], "task": log("x", message=None)}, CIRCLE[1]])], IN_CIRCLE),
        ([{key: value for key, value in task("d", "flow.Dag", tasks=CIRCLE).items() if key != "id"}], IN_CIRCLE),
        ([task("s", "flow.Switch", value="v", nope=1)], "tasks[0]: No task defined, neither cases or default"),
        ([task("w", "flow.WorkingDirectory", nope=1)], "tasks[0]: The 'tasks' property cannot be empty"),
        ([task("w", "flow.WorkingDirectory", tasks=[task("p", "flow.Pause"), log(nope=1)])], "tasks[0]: Only runnable"),
        (
            [log(retry={"type": "constant", "interval": "PT10S", "maxDuration": "PT1S", "maxAttempts": 0})],
            "tasks[0].retry: 'interval' must be less than 'maxDuration' but is PT10S",
        ),
    ],
)  # fmt: skip
def test_a_wrong_shape_hides_no_rule_of_a_task(tasks: list[Any], expected: str) -> None:
    found = told(tasks=tasks, unknown=1)

    assert 'unknown: Unrecognized field "unknown"' in found
    assert any(expected in text for text in found), found
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ({"type": "Schedule", "cron": "x", "nope": 1}, "triggers[0]: invalid cron expression 'x'"),
        (
            {
                "type": "Flow",
                "preconditions": {
                    "id": "p",
                    "where": [{"id": "w", "filters": [{"field": "STATE", "type": "IN", "value": "x", "nope": 1}]}],
                },
            },
            "triggers[0].preconditions.where[0].filters[0]: `value` must be null for type IN",
        ),
    ],
)
def test_nor_one_of_a_trigger(trigger: dict[str, Any], expected: str) -> None:
    found = told(triggers=[{"id": "t", **trigger, "type": f"{CORE}trigger.{trigger['type']}"}])

    assert any(text.startswith(expected) for text in found), found
    assert any("Unrecognized field" in text for text in found)
    assert not any("must not be empty" in text for text in found)


def test_nor_one_of_an_input() -> None:
    found = told(inputs=[{"id": "a", "type": "SELECT", "nope": 1}])

    assert found == ["inputs[0]: `values` or `expression` must be set", 'inputs[0].nope: Unrecognized field "nope"']


def test_a_duplicate_input_hides_no_cycle() -> None:
    found = told(
        inputs=[
            {"id": "a", "type": "STRING", "dependsOn": {"inputs": ["b"]}},
            {"id": "b", "type": "STRING", "dependsOn": {"inputs": ["a"]}},
            {"id": "a", "type": "STRING", "dependsOn": {"inputs": ["gone"]}},
            {"id": "b", "type": "STRING"},
        ]
    )

    assert found == [
        "inputs[0].dependsOn.inputs: Cycle dependency detected for input with id 'a': [a, b]",
        "inputs[2].id: Duplicate input with name [a, b]",
        "inputs[2].dependsOn.inputs[0]: Input with id 'a' depends on a non-existent input 'gone'.",
    ]


def test_what_is_only_missed_because_it_could_not_be_read_is_not_told() -> None:
    found = told(
        tasks=[
            task("w", "flow.WorkingDirectory", tasks=[{"id": "u", "type": "no.Such"}]),
            task("p", "flow.Parallel", tasks=[log("a", nope=1)]),
            task("s", "flow.Switch", value="v", cases={"a": [{"id": "n", "type": 5}]}),
        ]
    )

    assert found == [
        "tasks[0].tasks[0]: Invalid type: no.Such",
        'tasks[1].tasks[0].nope: Unrecognized field "nope"',
        "tasks[2].cases.a[0]: Invalid type: 5",
    ]


def test_a_deep_flow_is_read_again_in_no_more_than_a_moment() -> None:
    inner = log("deepest", nope=1)
    for level in range(40):
        inner = task(f"level{level}", "flow.Sequential", nope=1, tasks=[inner])

    assert len(told(tasks=[inner])) == 41
