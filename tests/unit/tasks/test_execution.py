"""Tasks that look at executions or change them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from thermik.tasks.ports import ExecutionPlace
from thermik.tasks.runnable import TaskFailure
from unit.tasks.fake_context import FakeContext, make, outputs_of

OWN = ExecutionPlace("company.team", "orders", "4hJ1execution000000000")


@pytest.mark.parametrize(
    ("labels", "added"),
    [
        ('{"a": "{{ flow.id }}"}', {"a": "orders"}),
        ("{{ inputs.labels }}", {"from": "json", "n": "1"}),
        ({"{{ inputs.key }}": "{{ flow.id }}", "n": 5}, {"k": "orders", "n": "5"}),
        ({"map": {"x": "{{ flow.id }}"}}, {"map": '{"x":"orders"}'}),
        ([{"key": "{{ inputs.key }}", "value": "1"}, {"key": "b", "value": True}], {"k": "1", "b": "true"}),
        ('[{"key": "a", "value": "b"}]', {"a": "b"}),
    ],
)
def test_labels_are_a_map_a_list_or_a_text(context: FakeContext, labels: Any, added: dict[str, str]) -> None:
    context.variables["inputs"] = {"labels": {"from": "json", "n": 1}, "key": "k"}
    assert outputs_of(make("core.execution.Labels", labels=labels), context) == {}
    assert context.executions.labels == added


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"a": "b", "system.x": "y"}, r"System labels can only be set by Kestra itself, offending label: system\.x=y"),
        ([{"key": "a"}], "labels must be a map"),
        ("", "labels must be a map"),
        ("{{ flow.id }}", "labels must be a list or a map"),
    ],
)
def test_other_labels_are_refused(context: FakeContext, labels: Any, message: str) -> None:
    with pytest.raises(TaskFailure, match=message):
        make("core.execution.Labels", labels=labels).run(context)
    assert context.executions.labels == {}


def test_labels_must_be_given() -> None:
    with pytest.raises(ValidationError):
        make("core.execution.Labels")


def test_resume_of_another_execution_with_inputs(context: FakeContext) -> None:
    context.variables["trigger"] = {"executionId": "other"}
    make("core.execution.Resume", executionId="{{ trigger.executionId }}", inputs={"a": "{{ flow.id }}", "n": 1}).run(context)  # fmt: skip # noqa: E501 - one call
    assert context.executions.resumed == [("other", {"a": "orders", "n": 1})]


@pytest.mark.parametrize(
    ("properties", "place"),
    [
        ({}, OWN),
        ({"executionId": "{{ 'x' }}"}, ExecutionPlace("company.team", "orders", "x")),
        ({"executionId": "x", "namespace": "n", "flowId": "f"}, ExecutionPlace("n", "f", "x")),
    ],
)
def test_fetch_writes_the_log_that_is_meant(
    context: FakeContext, properties: dict[str, Any], place: ExecutionPlace
) -> None:
    context.executions.entries = [{"level": "INFO", "message": 'say "hi"'}, {"level": "WARN", "attemptNumber": 0}]
    outputs = outputs_of(make("core.log.Fetch", tasksId=["a"], level="WARN", **properties), context)
    assert context.executions.asked == [(place, "WARN", ["a"])]
    assert outputs["size"] == 2
    assert context.text(outputs["uri"]) == '{level:"INFO",message:"say \\"hi\\""}\n{level:"WARN",attemptNumber:0}\n'


def test_fetch_takes_info_and_all_tasks_by_default(context: FakeContext) -> None:
    assert outputs_of(make("core.log.Fetch"), context)["size"] == 0
    assert context.executions.asked == [(OWN, "INFO", [])]


@pytest.mark.parametrize("kind", ["core.log.Fetch", "core.execution.Resume"])
@pytest.mark.parametrize(
    "properties", [{"namespace": "n"}, {"executionId": "x", "flowId": "f"}, {"namespace": "n", "flowId": "f"}]
)
def test_half_a_place_is_refused(context: FakeContext, kind: str, properties: dict[str, str]) -> None:
    with pytest.raises(TaskFailure, match="`namespace` and `flowId`"):
        make(kind, **properties).run(context)
    assert (context.executions.resumed, context.executions.asked) == ([], [])


def test_assertions_that_hold(context: FakeContext) -> None:
    assert make("core.execution.Assert", conditions=["{{ 1 == 1 }}", "x"]).run(context) is None
    assert context.counters == [("success", 2, {}), ("failed", 0, {})]
    assert context.log.entries == []


def test_assertions_that_do_not_hold_are_all_named(context: FakeContext) -> None:
    conditions = ["{{ 1 == 2 }}", "true", "{{ missing }}"]
    with pytest.raises(TaskFailure, match=r"^2 assertions failed!\nof orders$"):
        make("core.execution.Assert", conditions=conditions, errorMessage="of {{ flow.id }}").run(context)
    assert context.counters == [("success", 1, {}), ("failed", 2, {})]
    first, second = context.log.at("ERROR")
    assert first == "Assertion `{{ 1 == 2 }}` failed!"
    assert second.startswith("Assertion `{{ missing }}` failed, it cannot be rendered: ")
