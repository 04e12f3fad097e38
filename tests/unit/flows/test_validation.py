# ruff: noqa: E501 - a table of rules, one a line
from __future__ import annotations

from typing import Any

import pytest
import yaml

from conftest import shared_dir
from thermik.flows.aliases import is_old_type
from thermik.flows.problems import InvalidFlow, Position
from thermik.flows.task import Task
from thermik.flows.validation import build_flow, parse_flow, validate_part, validate_source
from thermik.tasks.names import ALIASES
from thermik.tasks.registry import Registry
from thermik.triggers.registry import TriggerRegistry
from unit.flows.sample import CALL, LOG, SEQUENTIAL, TYPES, log, parse, problems, source


def test_a_valid_flow_has_no_problem() -> None:
    parsed = parse()

    assert parsed.flow.id == "sample"
    assert parsed.flow.tasks[0].id == "hello"
    assert problems() == []


def test_the_source_is_kept_to_the_byte() -> None:
    text = "# a comment\r\n" + source() + "\n\n# the end"

    assert parse(text).source == text


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"id": None}, "id: must not be null"),
        ({"id": "a" * 101}, "id: size must be between 1 and 100"),
        ({"id": "-a"}, 'id: must match "^[a-zA-Z0-9][a-zA-Z0-9._-]*$"'),
        ({"id": "a\n"}, 'id: must match "^[a-zA-Z0-9][a-zA-Z0-9._-]*$"'),
        ({"namespace": None}, "namespace: must not be null"),
        ({"namespace": "A"}, 'namespace: must match "^[a-z0-9][a-z0-9._-]*$"'),
        ({"namespace": "a" * 151}, "namespace: size must be between 1 and 150"),
        ({"tasks": None}, "tasks: must not be empty"),
        ({"tasks": []}, "tasks: must not be empty"),
        ({"tasks": {"a": 1}}, "tasks: must be a valid list"),
        ({"tasks": ["x"]}, "tasks[0]: must be a mapping: Task"),
        ({"tasks": [{"id": "x"}]}, "tasks[0].type: must not be null"),
        ({"tasks": [{"type": LOG, "message": "m"}]}, "tasks[0].id: must not be null"),
        ({"tasks": [{"id": "x", "type": LOG}]}, "tasks[0].message: must not be null"),
        ({"tasks": [log("a.b")]}, 'tasks[0].id: must match "^[a-zA-Z0-9][a-zA-Z0-9_-]*$"'),
        ({"tasks": [log(unknownProp=1)]}, 'tasks[0].unknownProp: Unrecognized field "unknownProp"'),
        ({"tasks": [log(allow_failure=True)]}, 'tasks[0].allow_failure: Unrecognized field "allow_failure"'),
        ({"tasks": [{"id": "x", "type": "no.Such"}]}, "tasks[0]: Invalid type: no.Such"),
        ({"tasks": [{"id": "x", "type": 5}]}, "tasks[0]: Invalid type: 5"),
        ({"tasks": [log(timeout="soon")]}, "tasks[0].timeout: 'soon' is not an ISO 8601 duration"),
        ({"tasks": [log(timeout="9" * 20)]}, "tasks[0].timeout: "),
        ({"tasks": [log(disabled="perhaps")]}, "tasks[0].disabled: must be a valid boolean"),
        ({"tasks": [log(logLevel="LOUD")]}, 'tasks[0].logLevel: Cannot deserialize value from "LOUD"'),
        ({"tasks": [log(retry={"type": "often"})]}, "tasks[0].retry: Invalid type: often"),
        ({"tasks": [log(retry={"interval": "PT1S"})]}, "tasks[0].retry: type must not be null"),
        ({"tasks": [log(retry={"type": "constant"})]}, "tasks[0].retry.interval: must not be null"),
        (
            {"tasks": [log(retry={"type": "constant", "interval": "PT1S", "maxAttempt": 0})]},
            "tasks[0].retry.maxAttempt: must be greater than or equal to 1",
        ),
        (
            {"tasks": [log(retry={"type": "constant", "interval": "PT10S", "maxDuration": "PT1S"})]},
            "tasks[0].retry: 'interval' must be less than 'maxDuration' but is PT10S",
        ),
        (
            {"tasks": [log(retry={"type": "exponential", "interval": "PT5S", "maxInterval": "PT2S"})]},
            "tasks[0].retry: 'interval' must be less than 'maxInterval' but is PT5S",
        ),
        (
            {"tasks": [log(retry={"type": "random", "minInterval": "PT3S", "maxInterval": "PT2S"})]},
            "tasks[0].retry: 'minInterval' must be less than 'maxInterval' but is PT3S",
        ),
        (
            {"tasks": [log(retry={"type": "constant", "interval": "PT1S", "maxAttempt": 1, "maxAttempts": 1})]},
            "tasks[0].retry: 'maxAttempt' is the old name of 'maxAttempts': give one of them",
        ),
        ({"tasks": [{"id": "s", "type": SEQUENTIAL}]}, "tasks[0].tasks: must not be empty"),
        ({"tasks": [{"id": "s", "type": SEQUENTIAL, "tasks": [{"id": "i", "type": "x.Y"}]}]}, "tasks[0].tasks[0]: Invalid"),
        ({"unknown": 1}, 'unknown: Unrecognized field "unknown"'),
        ({"labels": {"system.a": "b"}}, "labels.system.a: System labels can only be set by Kestra itself, offending label: system.a=b"),
        ({"labels": [{"key": "system.a", "value": "b"}]}, "labels[0]: System labels can only"),
        ({"labels": {"a": {"b": 1}}}, "labels.a: must be a valid string"),
        ({"concurrency": {"limit": 0}}, "concurrency.limit: must be greater than 0"),
        ({"sla": [{"id": "s", "type": "FOO", "behavior": "FAIL"}]}, "sla[0]: Invalid type: FOO"),
        ({"tasks": [log(), log()]}, "tasks[1].id: Duplicate task id with name [hello]"),
        ({"errors": [log()]}, "errors[0].id: Duplicate task id with name [hello]"),
        (
            {"tasks": [log(), {"id": "s", "type": SEQUENTIAL, "tasks": [log()]}]},
            "tasks[1].tasks[0].id: Duplicate task id with name [hello]",
        ),
        (
            {"tasks": [log(), {"id": "s", "type": SEQUENTIAL, "tasks": [log("a")], "errors": [log()]}]},
            "tasks[1].errors[0].id: Duplicate task id with name [hello]",
        ),
        ({"tasks": [{"id": "x", "type": CALL, "flowId": "sample"}]}, "tasks[0].flowId: Recursive call to flow [tests.sample]"),
        ({"inputs": [{"id": "a", "type": "FOO"}]}, "inputs[0]: Invalid type: FOO"),
        ({"inputs": [{"id": "a b", "type": "STRING"}]}, 'inputs[0].id: must match "^[a-zA-Z0-9][.a-zA-Z0-9_-]*$"'),
        ({"inputs": [{"id": "a", "type": "STRING", "validator": "["}]}, "inputs[0].validator: invalid pattern [[]"),
        ({"inputs": [{"id": "a", "type": "STRING", "displayName": "x" * 65}]}, "inputs[0].displayName: size must be between 0 and 64"),
        ({"inputs": [{"id": "a", "type": "FILE", "defaults": "x"}]}, "inputs[0].defaults: no `defaults` can be set for inputs of type 'FILE'"),
        ({"inputs": [{"id": "a", "type": "ARRAY"}]}, "inputs[0].itemType: must not be null"),
        ({"inputs": [{"id": "a", "type": "ARRAY", "itemType": "ARRAY"}]}, "inputs[0].itemType: `itemType` cannot be `ARRAY`"),
        ({"inputs": [{"id": "a", "type": "ARRAY", "itemType": "X"}]}, "inputs[0].itemType: `itemType` must be one of"),
        ({"inputs": [{"id": "a", "type": "ENUM"}]}, "inputs[0].values: must not be null"),
        ({"inputs": [{"id": "a", "type": "SELECT"}]}, "inputs[0]: `values` or `expression` must be set"),
        ({"inputs": [{"id": "a", "type": "DATE", "after": "soon"}]}, "inputs[0].after: Text 'soon' could not be parsed"),
        ({"inputs": [{"id": "a", "type": "INT", "min": "x"}]}, "inputs[0].min: must be a valid integer"),
        (
            {"inputs": [{"id": "a", "type": "STRING"}, {"name": "a", "type": "STRING"}]},
            "inputs[1].name: Duplicate input with name [a]",
        ),
        (
            {"inputs": [{"id": "a", "type": "STRING", "dependsOn": {"inputs": ["b"]}}]},
            "inputs[0].dependsOn.inputs[0]: Input with id 'a' depends on a non-existent input 'b'.",
        ),
        (
            {"inputs": [{"id": name, "type": "STRING", "dependsOn": {"inputs": [need]}} for name, need in ("ab", "bc", "cb")]},
            "inputs[1].dependsOn.inputs: Cycle dependency detected for input with id 'b': [b, c]",
        ),
        ({"outputs": [{"id": "o", "type": "STRING"}]}, "outputs[0].value: must not be null"),
        ({"outputs": [{"id": "o", "value": "x"}]}, "outputs[0].type: must not be null"),
        ({"outputs": [{"id": "o", "type": "FOO", "value": "x"}]}, "outputs[0].type: Invalid type: FOO"),
        ({"outputs": [{"id": "o", "type": "STRING", "value": "x"}] * 2}, "outputs[1].id: Duplicate output with name [o]"),
        (
            {"pluginDefaults": [{"type": LOG, "values": {"mesage": "x"}}]},
            f"pluginDefaults[0].values.mesage: Invalid Plugin Default: No property 'mesage' exists in plugin '{LOG}'",
        ),
        ({"pluginDefaults": [{"type": LOG}]}, "pluginDefaults[0].values: must not be null"),
        (
            {"pluginDefaults": [{"type": LOG, "values": {"level": None}}]},
            "pluginDefaults[0].values: Invalid Plugin Default: No value provided for key 'level'",
        ),
        ({"triggers": [{"id": "t", "type": "x.Y"}]}, "triggers[0]: Invalid type: x.Y"),
        ({"triggers": [{"id": "t", "type": "x.Y"}] * 2}, "triggers[1].id: Duplicate trigger id with name [t]"),
        (
            {"triggers": [{"id": name, "type": "x.Y", "preconditions": {"id": "p"}} for name in "ab"]},
            "triggers[1].preconditions.id: Duplicate preconditions with id [p]",
        ),
        (
            {"inputs": [{"id": "a-b", "type": "STRING"}], "tasks": [log(message="{{inputs.a-b}}"), log("n", message=["{{ inputs.a-b }}"])]},
            "tasks[0].message: Invalid input reference: use inputs[key-name] instead of inputs.key-name — keys with dashes require bracket notation, offending tasks: [hello, n]",
        ),
        (
            {"tasks": [log("a-b"), {"id": "s", "type": SEQUENTIAL, "tasks": [log("c", message="{{ outputs.a-b.value }}")]}]},
            "tasks[1].tasks[0].message: Invalid output reference: use outputs[key-name] instead of outputs.key-name — keys with dashes require bracket notation, offending tasks: [c]",
        ),
        (
            {"tasks": [log("a-b")], "outputs": [{"id": "o", "type": "STRING", "value": "{{ outputs.a-b.value }}"}]},
            "outputs[0].value: Invalid output reference: use outputs[key-name] instead of outputs.key-name — keys with dashes require bracket notation, offending outputs: [o]",
        ),
    ],
)  # fmt: skip
def test_each_rule(properties: dict[str, Any], expected: str) -> None:
    assert any(found.startswith(expected) for found in problems(**properties)), problems(**properties)


def test_what_has_a_dash_in_brackets_or_is_a_subtraction_is_fine() -> None:
    inputs = [{"id": name, "type": "INT"} for name in ("a-b", "c", "d")]
    tasks = [
        log(message="{{ inputs['a-b'] }} {{ inputs.c-d }} {{ inputs.c - inputs.d }}"),
        log("x-y", message="{{ outputs['x-y'].value }} {{ outputs.z-y.value }}"),
    ]

    assert problems(inputs=inputs, tasks=tasks) == []


def test_all_problems_come_at_once_in_the_order_of_the_source() -> None:
    text = "\n".join(
        [
            "id: -bad",
            "namespace: tests",
            "foo: 1",
            "foo: 2",
            "tasks:",
            "  - id: a",
            f"    type: {LOG}",
            "    mesage: x",
            "  - id: a",
            f"    type: {LOG}",
            "    message: 5",
        ]
    )

    found = validate_source(text, TYPES)

    assert [(problem.path, problem.position) for problem in found] == [
        ("id", Position(1, 1)),
        ("foo", Position(3, 1)),
        ("foo", Position(4, 1)),
        ("tasks[0].message", Position(6, 5)),
        ("tasks[0].mesage", Position(8, 5)),
        ("tasks[1].id", Position(9, 5)),
    ]


def test_the_message_joins_all_problems() -> None:
    with pytest.raises(InvalidFlow) as caught:
        parse(id=None, namespace="A")

    assert str(caught.value) == ('Invalid entity: id: must not be null\nnamespace: must match "^[a-z0-9][a-z0-9._-]*$"')


def test_scalars_stand_for_texts_and_null_for_nothing() -> None:
    flow = parse(
        labels={"a": 1, "b": True, "c": 2.5},
        description=None,
        tasks=[log(runIf=False, message=5, description=None, retry=None)],
        disabled=None,
    ).flow

    assert [(label.key, label.value) for label in flow.labels] == [("a", "1"), ("b", "true"), ("c", "2.5")]
    assert flow.tasks[0].run_if == "false"
    assert flow.tasks[0].message == "5"  # type: ignore[attr-defined]
    assert flow.disabled is False


def test_typed_properties_may_be_expressions() -> None:
    wait = {"id": "w", "type": "test.Wait", "duration": "{{ inputs.d }}", "times": "{{ 1 }}", "timeout": "{{ 'PT1S' }}"}

    task = parse(tasks=[wait]).flow.tasks[0]

    assert task.timeout == "{{ 'PT1S' }}"
    assert task.model_dump(mode="json", by_alias=True, exclude_unset=True) == wait


def test_old_names_are_read_and_told() -> None:
    parsed = parse(
        inputs=[{"name": "a", "type": "BOOL"}, {"id": "m", "type": "MULTISELECT", "options": ["x"]}],
        taskDefaults=[{"type": LOG, "values": {"level": "WARN"}}],
    )

    assert [declared.id for declared in parsed.flow.inputs] == ["a", "m"]
    assert parsed.flow.plugin_defaults[0].type == LOG
    assert parsed.deprecations == ("taskDefaults", "inputs[0].name", "inputs[0].type", "inputs[1].options")


def test_types_that_have_moved_are_told() -> None:
    runner = {"id": "s", "type": SEQUENTIAL, "tasks": [{**log(), "type": "io.kestra.core.tasks.log.Log"}]}

    assert parse_flow(source(tasks=[runner]), Registry()).deprecations == ("tasks[0].tasks[0].type",)


def test_every_old_name_of_a_type_is_told_and_no_other() -> None:
    triggers = TriggerRegistry()
    conditions = {old for name in triggers.condition_names() for old in triggers.aliases(name)}
    old = [*ALIASES, *conditions, *(each for name in triggers.names() for each in triggers.aliases(name))]
    today = [*Registry().names(), *triggers.names(), *triggers.condition_names()]

    assert [name for name in old if not is_old_type(name)] == []
    assert [name for name in today if is_old_type(name)] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"id: a\ntype: {LOG}\nmessage: m", []),
        (f"id: a\ntype: {LOG}\nmesage: m", [("message", 1), ("mesage", 3)]),
        (f"id: a.b\ntype: {LOG}\nmessage: m\nmessage: n", [("id", 1), ("message", 4)]),
        ("id: a\ntype: no.Such", [("", 1)]),
        ("id: [", [("", 2)]),
        ("- a", [("", 1)]),
    ],
)
def test_one_task_alone(text: str, expected: list[tuple[str, int]]) -> None:
    found = validate_part(text, "tasks", TYPES)

    assert [(problem.path, problem.position.line if problem.position else 0) for problem in found] == expected


def test_one_trigger_alone() -> None:
    webhook = "id: a\ntype: io.kestra.plugin.core.trigger.Webhook"

    [missing] = [found for found in validate_part(webhook, "triggers", TYPES, TriggerRegistry()) if found.path == "key"]

    assert missing.message == "must not be null"


def test_worker_groups_are_accepted_with_a_warning() -> None:
    parsed = parse(workerGroup={"key": "g"}, tasks=[log(workerGroup={"key": "g"})])

    assert [warning.path for warning in parsed.warnings] == ["tasks[0].workerGroup", "workerGroup"]


def test_a_property_that_a_default_gives_is_there() -> None:
    parsed = parse(tasks=[{"id": "x", "type": LOG}], pluginDefaults=[{"type": LOG, "values": {"message": "given"}}])

    assert parsed.flow.tasks[0].message == "given"  # type: ignore[attr-defined]
    assert parsed.data["tasks"] == [{"id": "x", "type": LOG}]


def test_all_tasks_are_walked() -> None:
    inner = {"id": "s", "type": SEQUENTIAL, "tasks": [log("a")], "errors": [log("b")]}
    either = {"id": "e", "type": "test.Either", "then": [inner], "otherwise": [log("c")]}

    flow = parse(tasks=[either, log("d")], errors=[log("f")]).flow

    assert [task.id for task in flow.all_tasks()] == ["e", "s", "a", "b", "c", "d", "f"]


def test_data_that_looks_like_a_task_is_none() -> None:
    assert problems(variables={"x": log(), "y": log()}) == []


def test_a_text_that_is_no_template_is_a_warning_with_its_line() -> None:
    text = "\n".join(
        [
            "id: a",
            "namespace: tests",
            "pluginDefaults:",
            f"  - {{type: {LOG}, values: {{level: '{{{{ x | nosuchfilter }}}}'}}}}",
            "tasks:",
            "  - id: a",
            f"    type: {LOG}",
            "    message: |",
            "      fine {{ a }}",
            "      {{ b",
        ]
    )

    warnings = parse(text).warnings

    assert [warning.path for warning in warnings] == ["pluginDefaults[0].values.level", "tasks[0].message"]
    assert [warning.position for warning in warnings] == [Position(4, 65), Position(10, 11)]
    assert "nosuchfilter" in warnings[0].message


def test_labels_and_descriptions_are_not_templates() -> None:
    assert parse(labels={"x": "{{ a"}, description="{{ b").warnings == ()


def test_variables_are_templates_once_they_are_rendered() -> None:
    assert [warning.path for warning in parse(variables={"x": ["fine", "{{ a | nosuchfilter }}"]}).warnings] == [
        "variables.x[1]"
    ]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("    message: ab {{ x | nosuchfilter }}", 22),
        ("    message: 'ab {{ x | nosuchfilter }}'", 23),
        ('    message: "a\\x62 {{ x | nosuchfilter }}"', 26),
        ('    message: "{{ x \\x7C nosuchfilter }}"', 5),
    ],
)
def test_a_warning_has_the_column_of_what_is_wrong(line: str, column: int) -> None:
    text = f"id: a\nnamespace: tests\ntasks:\n  - id: a\n    type: {LOG}\n{line}"

    assert [warning.position for warning in parse(text).warnings] == [Position(6, column)]


@pytest.mark.parametrize(
    ("lines", "line", "column"),
    [
        (["    message: |", "      a | b", "", "      {{ x | nosuchfilter }}"], 9, 12),
        (["    message: |", "", "      {{ x | nosuchfilter }}"], 8, 12),
        (["    message: >-", "      folded {{ x", "      | nosuchfilter }}"], 8, 7),
        (['    message: "a\\n', '      {{ x | nosuchfilter }}"'], 7, 12),
        (["    message: plain", "      {{ x | nosuchfilter }}"], 7, 12),
        (["    message: x", "variables:", "  v:", "    - |", "      {{ x | nosuchfilter }}"], 10, 12),
        (["    message: |", "      {{ x", "    description: 'x }}'"], 7, 11),
    ],
)
def test_a_warning_has_its_place_however_the_text_is_written(lines: list[str], line: int, column: int) -> None:
    text = "\n".join(["id: a", "namespace: tests", "tasks:", "  - id: a", f"    type: {LOG}", *lines])

    assert [warning.position for warning in parse(text).warnings] == [Position(line, column)]


def test_what_is_refused_has_its_warnings_too() -> None:
    with pytest.raises(InvalidFlow) as caught:
        parse(tasks=[log(message="{{ x | nosuchfilter }}", colour="red")])

    assert [problem.path for problem in caught.value.problems] == ["tasks[0].colour"]
    assert [warning.path for warning in caught.value.warnings] == ["tasks[0].message"]


def test_building_again_refuses_what_no_longer_fits() -> None:
    data = parse().data

    class Nothing:
        def task(self, name: str) -> type[Task]:
            return TYPES.task("gone")

    assert build_flow(data, TYPES).id == "sample"
    with pytest.raises(InvalidFlow, match="Invalid type"):
        build_flow(data, Nothing())


def _conformance_steps() -> list[Any]:
    shared = shared_dir()
    if shared is None:
        return []
    stems = {path.stem: path for path in (shared / "conformance" / "flows").iterdir()}
    found = []
    for case in sorted((shared / "conformance" / "cases").glob("invalid-*.yaml")):
        read = yaml.safe_load(case.read_text())
        for number, step in enumerate(read["steps"]):
            put = step["put_flow"]
            text = stems[put["stem"]].read_text()
            for old, new in put.get("replace", {}).items():
                text = text.replace(old, new)
            found.append(pytest.param(text, step["message_contains"], id=f"{read['name']}-{number}"))
    return found


NOT_YET = "Invalid type: io.kestra.plugin.core.flow."
"""Flowables that nobody gives yet: their own rules cannot speak."""


@pytest.mark.skipif(shared_dir() is None, reason="the conformance cases are not here")
@pytest.mark.parametrize(("text", "expected"), _conformance_steps())
def test_conformance_flows_are_refused(text: str, expected: str) -> None:
    said = str(InvalidFlow(validate_source(text, Registry(), TriggerRegistry())))

    if NOT_YET in said and expected not in said:
        pytest.skip("a type that is not there yet")
    assert expected in said
