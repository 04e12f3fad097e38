# ruff: noqa: E501 - a table of properties, one a line
from __future__ import annotations

from typing import Any

import pytest

from thermik.flows.problems import Position
from thermik.flows.support import GAPS, NOT_HERE, Gap, unsupported
from thermik.flows.validation import parse_flow, validate_source
from thermik.tasks.registry import Registry
from thermik.triggers.registry import TriggerRegistry
from unit.flows.sample import LOG, SEQUENTIAL, TYPES, log, problems, source

SAMPLE = (
    Gap(("sections",), "no sections"),
    Gap(("retry", "behavior"), "no such behavior", "NEW"),
    Gap(("toFile",), "no files", within="task"),
)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, []),
        ({"sections": []}, []),
        ({"sections": None}, []),
        ({"sections": [1]}, [(("sections",), "no sections")]),
        ({"retry": {"behavior": "OLD"}}, []),
        ({"retry": "x"}, []),
        ({"retry": {"behavior": "NEW"}}, [(("retry", "behavior"), "no such behavior")]),
        ({"toFile": True}, []),
    ],
)
def test_what_a_flow_uses(data: dict[str, Any], expected: list[Any]) -> None:
    assert list(unsupported(data, [], [], SAMPLE)) == expected


def test_what_a_task_uses() -> None:
    tasks: list[Any] = [(("tasks", 0), {"toFile": True}), (("tasks", 1), {"toFile": False, "sections": [1]})]

    assert list(unsupported({}, tasks, [], SAMPLE)) == [(("tasks", 0, "toFile"), "no files")]


def _using(gap: Gap) -> dict[str, Any]:
    value: Any = gap.value or True
    for name in reversed(gap.path):
        value = {name: value}
    return dict(value)


@pytest.mark.parametrize("gap", GAPS, ids=lambda gap: f"{gap.within} {'.'.join(gap.path)}")
def test_each_gap_is_refused_where_it_stands(gap: Gap) -> None:
    inner = {"id": "s", "type": SEQUENTIAL, "tasks": [log(**_using(gap))]}
    found = problems(tasks=[inner]) if gap.within == "task" else problems(**_using(gap))

    assert any(gap.sentence in text for text in found)


def test_a_flow_with_listeners_is_told_where_and_what_to_use() -> None:
    text = source() + f"listeners:\n  - tasks:\n      - {{id: l, type: {LOG}, message: x}}\n"

    [found] = validate_source(text, TYPES)

    assert found.path == "listeners"
    assert found.position == Position(text[: text.index("listeners")].count("\n") + 1, 1)
    assert "use `afterExecution`" in found.message


@pytest.mark.parametrize("name", NOT_HERE)
def test_what_only_kestra_has_is_refused_with_what_to_know_of_it(name: str) -> None:
    [found] = problems(tasks=[log(**{name: True})])

    assert found == f'tasks[0].{name}: Unrecognized field "{name}": {NOT_HERE[name]}'


CORE = "io.kestra.plugin.core."
WEBHOOK = {"id": "t", "type": f"{CORE}trigger.Webhook", "key": "k"}
SCHEDULE = {"id": "t", "type": f"{CORE}trigger.Schedule", "cron": "* * * * *"}
GROUP = {"key": "g"}


@pytest.mark.parametrize(
    ("properties", "path"),
    [
        ({"workerGroup": GROUP}, "workerGroup"),
        ({"revision": 3}, "revision"),
        ({"tenantId": "main"}, "tenantId"),
        ({"deleted": True}, "deleted"),
        ({"tasks": [log(workerGroup=GROUP)]}, "tasks[0].workerGroup"),
        (
            {"tasks": [{"id": "p", "type": "io.kestra.plugin.scripts.python.Script", "script": "x", "dependencyCacheEnabled": True}]},
            "tasks[0].dependencyCacheEnabled",
        ),
        (
            {"tasks": [{"id": "h", "type": f"{CORE}http.Request", "uri": "x", "options": {"connectionPoolIdleTimeout": "PT1S"}}]},
            "tasks[0].options.connectionPoolIdleTimeout",
        ),
        ({"triggers": [{**WEBHOOK, "workerGroup": GROUP}]}, "triggers[0].workerGroup"),
        ({"tasks": [log(version="1.0.0")]}, "tasks[0].version"),
        ({"triggers": [{**SCHEDULE, "version": "1.0.0"}]}, "triggers[0].version"),
        ({"triggers": [{**SCHEDULE, "logLevel": "WARN"}]}, "triggers[0].logLevel"),
        ({"triggers": [{**SCHEDULE, "logToFile": True}]}, "triggers[0].logToFile"),
        ({"triggers": [{**SCHEDULE, "failOnTriggerError": True}]}, "triggers[0].failOnTriggerError"),
        ({"triggers": [{**WEBHOOK, "stopAfter": ["FAILED"]}]}, "triggers[0].stopAfter"),
    ],
)  # fmt: skip
def test_what_has_no_effect_is_a_warning_with_its_line(properties: dict[str, Any], path: str) -> None:
    text = source(**properties)

    [warning] = parse_flow(text, Registry(), TriggerRegistry()).warnings

    assert warning.path == path
    assert "has no effect" in warning.message
    assert warning.position is not None
    assert path.rpartition(".")[2] + ":" in text.splitlines()[warning.position.line - 1]


@pytest.mark.parametrize(
    ("declared", "given", "expected"),
    [
        ([{"id": "a", "type": "STRING"}, {"name": "b", "type": "INT"}], {}, "a | b"),
        ([{"id": "a", "type": "STRING"}, {"id": "b", "type": "INT"}], {"a": "x"}, "b"),
        ([{"id": "a", "type": "STRING"}], {"a": "x"}, None),
        ([{"id": "a", "type": "STRING", "required": False}, {"id": "b", "type": "INT", "defaults": 0}], {}, None),
        ([{"id": "a", "type": "SELECT", "values": ["x"], "autoSelectFirst": True}], {}, None),
        ([{"id": "a", "type": "INT", "defaults": 1}, {"id": "b", "type": "INT", "dependsOn": {"inputs": ["a"]}}], {}, None),
    ],
)  # fmt: skip
def test_a_date_that_could_start_nothing_for_want_of_inputs_is_a_warning(
    declared: list[Any], given: dict[str, Any], expected: str | None
) -> None:
    text = source(inputs=declared, triggers=[{**SCHEDULE, "inputs": given}, {**WEBHOOK, "id": "w"}])

    told = [warning.text for warning in parse_flow(text, Registry(), TriggerRegistry()).warnings]

    message = f"triggers[0]: Missing inputs for Schedule Trigger 't', missing inputs: '{expected}'"
    assert told == ([message] if expected else [])


def test_what_has_an_effect_is_none() -> None:
    flow = source(
        tasks=[log(logLevel="WARN", logToFile=True)],
        triggers=[{**SCHEDULE, "stopAfter": ["FAILED"], "logToFile": False, "failOnTriggerError": False}],
    )

    assert parse_flow(flow, Registry(), TriggerRegistry()).warnings == ()
