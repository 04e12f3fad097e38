"""The core types: what they log, return and report."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from thermik.expressions import ExpressionError
from thermik.tasks.runnable import TaskFailure
from thermik.tasks.truth import is_true
from unit.tasks.fake_context import FakeContext, make, outputs_of


def test_log_renders_one_message_at_its_level(context: FakeContext) -> None:
    context.variables["inputs"] = {"name": "you", "level": "WARN"}
    make("core.log.Log", message="Hello {{ inputs.name }}", level="{{ inputs.level }}").run(context)
    assert context.log.entries == [("WARN", "Hello you")]


def test_log_makes_an_entry_of_each_message_in_order(context: FakeContext) -> None:
    make("core.log.Log", message=["one", "two", 3]).run(context)
    assert context.log.entries == [("INFO", "one"), ("INFO", "two"), ("INFO", "3")]


@pytest.mark.parametrize("properties", [{}, {"message": {"a": "map"}}, {"message": "x", "level": "LOUD"}])
def test_log_refuses_what_it_cannot_log(properties: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        make("core.log.Log", **properties)


def test_return_gives_the_value_and_two_metrics_tagged_with_the_source(context: FakeContext) -> None:
    context.variables["task"] = {"id": "t"}
    assert outputs_of(make("core.debug.Return", format="{{ task.id }} ⬅"), context) == {"value": "t ⬅"}
    assert context.counters == [("length", 3, {"format": "{{ task.id }} ⬅"})]
    [(name, value, tags)] = context.timers
    assert (name, tags) == ("duration", {"format": "{{ task.id }} ⬅"})
    assert value >= timedelta(0)
    assert context.log.at("DEBUG") == ["t ⬅"]


def test_return_without_a_format_has_no_value(context: FakeContext) -> None:
    assert outputs_of(make("core.debug.Return"), context) == {}


def test_return_fails_on_an_unknown_variable(context: FakeContext) -> None:
    with pytest.raises(ExpressionError, match="missingVar"):
        make("core.debug.Return", format="{{ missingVar }}").run(context)


def test_echo_logs_its_format(context: FakeContext) -> None:
    make("core.debug.Echo", format="I'm {{ flow.id }}").run(context)
    assert context.log.entries == [("INFO", "I'm orders")]


def test_fail_without_a_condition_always_fails(context: FakeContext) -> None:
    with pytest.raises(TaskFailure, match=r"^Task failure$"):
        make("core.execution.Fail").run(context)
    with pytest.raises(TaskFailure, match=r"^broken orders$"):
        make("core.execution.Fail", errorMessage="broken {{ flow.id }}").run(context)
    assert context.log.entries == []


def test_fail_on_a_condition_logs_the_message_first(context: FakeContext) -> None:
    with pytest.raises(TaskFailure, match=r"^Fail on a condition$"):
        make("core.execution.Fail", condition="{{ 1 == 1 }}", errorMessage="why").run(context)
    assert context.log.entries == [("ERROR", "why")]


@pytest.mark.parametrize("condition", ["{{ 1 == 2 }}", False, "0", ""])
def test_fail_passes_where_the_condition_is_false(context: FakeContext, condition: object) -> None:
    assert make("core.execution.Fail", condition=condition).run(context) is None
    assert context.log.entries == []


def test_sleep_says_how_long_and_waits(context: FakeContext) -> None:
    context.variables["inputs"] = {"pause": "PT1M"}
    make("core.flow.Sleep", duration="PT2S").run(context)
    make("core.flow.Sleep", duration="{{ inputs.pause }}").run(context)
    assert context.log.at("INFO") == ["Waiting for PT2S", "Waiting for PT1M"]
    assert context.slept == [timedelta(seconds=2), timedelta(minutes=1)]


def test_sleep_refuses_what_is_no_duration(context: FakeContext) -> None:
    with pytest.raises(ValidationError, match="duration"):
        make("core.flow.Sleep", duration="soon")
    with pytest.raises(TaskFailure):
        make("core.flow.Sleep", duration="{{ 'soon' }}").run(context)


def test_output_values_renders_texts_at_any_depth(context: FakeContext) -> None:
    values = {"a": "{{ flow.id }}", "n": 1, "list": ["{{ flow.namespace }}", True], "map": {"k": None}}
    assert outputs_of(make("core.output.OutputValues", values=values), context) == {
        "values": {"a": "orders", "n": 1, "list": ["company.team", True], "map": {"k": None}}
    }


@pytest.mark.parametrize("rendered", [None, "", "false", "0", "-0"])
def test_what_is_false(rendered: str | None) -> None:
    assert not is_true(rendered)


@pytest.mark.parametrize("rendered", ["true", "False", " ", "1", "no", "0.0", "null"])
def test_all_else_is_true(rendered: str) -> None:
    assert is_true(rendered)
