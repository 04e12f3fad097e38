from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from thermik.executions.model import Execution, Label, Metadata
from thermik.executions.state import State, StateType
from thermik.expressions import render
from thermik.triggers.holding import Circumstances, ConditionFailed, holds
from thermik.triggers.preconditions import ExecutionFilters
from thermik.triggers.registry import TriggerRegistry
from thermik.triggers.upstream import _passes

REGISTRY = TriggerRegistry()
PREFIX = "io.kestra.plugin.core.condition."
NOW = datetime(2024, 5, 6, tzinfo=UTC)
DATE = {"trigger": {"date": "2024-05-06T09:00:00+02:00", "outputs": {"n": 3}}, "labels": {"team": "data"}}


def execution(**changes: Any) -> Execution:
    state = State.created(NOW).to(StateType.RUNNING, NOW).to(StateType.SUCCESS, NOW)
    fields = {
        "id": "e",
        "namespace": "company.team",
        "flow_id": "up",
        "flow_revision": 1,
        "original_id": "e",
        "state": state,
        "labels": (Label(key="team", value="data"), Label(key="b", value="c")),
        "metadata": Metadata(original_created_date=NOW),
        "outputs": {"n": 3},
    }
    return Execution(**{**fields, **changes})


def seen(of: Execution | None = None, attempts: tuple[StateType, ...] = ()) -> Circumstances:
    return Circumstances(lambda text: render(text, DATE), UTC, of or execution(), lambda: attempts)


def ask(kind: str, of: Circumstances | None = None, **properties: Any) -> bool:
    given = {"type": PREFIX + kind, **properties}
    condition = REGISTRY.condition(given["type"]).model_validate(given, context={"triggers": REGISTRY})
    return holds(condition, of or seen())


@pytest.mark.parametrize(
    ("kind", "properties", "expected"),
    [
        ("DayWeek", {"dayOfWeek": "MONDAY"}, True),
        ("DayWeek", {"dayOfWeek": "{{ 'TUESDAY' }}"}, False),
        ("DayWeek", {"dayOfWeek": "MONDAY", "date": "2024-05-05T23:30:00-02:00[America/Noronha]"}, False),
        ("DayWeekInMonth", {"dayOfWeek": "MONDAY", "dayInMonth": "FIRST"}, True),
        ("DayWeekInMonth", {"dayOfWeek": "MONDAY", "dayInMonth": "LAST", "date": "2024-05-27"}, True),
        ("DayWeekInMonth", {"dayOfWeek": "MONDAY", "dayInMonth": "FOURTH", "date": "2024-05-20"}, False),
        ("Weekend", {}, False),
        ("Weekend", {"date": "2024-05-05"}, True),
        ("PublicHoliday", {"date": "2024-05-01", "country": "FR"}, True),
        ("PublicHoliday", {"date": "2024-05-02", "country": "FR"}, False),
        ("DateTimeBetween", {"after": "2024-05-06T07:00:00Z"}, False),
        ("DateTimeBetween", {"after": "2024-05-06T06:59:59Z", "before": "2024-05-06T07:00:01Z"}, True),
        ("TimeBetween", {"after": "07:00:00Z"}, False),
        ("TimeBetween", {"after": "08:59:59+02:00", "before": "07:00:01Z"}, True),
        ("Expression", {"expression": "{{ labels.team == 'data' }}"}, True),
        ("Expression", {"expression": "  "}, False),
        ("Expression", {"expression": "0"}, True),
        ("ExecutionFlow", {"namespace": "company.team", "flowId": "up"}, True),
        ("ExecutionFlow", {"namespace": "company", "flowId": "up"}, False),
        ("ExecutionNamespace", {"namespace": "company"}, False),
        ("ExecutionNamespace", {"namespace": "company", "prefix": True}, True),
        ("ExecutionNamespace", {"namespace": "team", "comparison": "SUFFIX"}, True),
        ("ExecutionStatus", {"in": ["SUCCESS", "WARNING"]}, True),
        ("ExecutionStatus", {"notIn": ["SUCCESS"]}, False),
        ("ExecutionStatus", {"in": ["SUCCESS"], "notIn": ["SUCCESS"]}, False),
        ("ExecutionLabels", {"labels": {"team": "data"}}, True),
        ("ExecutionLabels", {"labels": {"team": "data", "b": "other"}}, False),
        ("ExecutionOutputs", {"expression": "{{ trigger.outputs.n > 2 }}"}, True),
        ("ExecutionOutputs", {"expression": "{{ trigger.outputs.n > 3 }}"}, False),
    ],
)
def test_a_condition(kind: str, properties: dict[str, Any], expected: bool) -> None:
    assert ask(kind, **properties) is expected
    assert ask("Not", conditions=[{"type": PREFIX + kind, **properties}]) is not expected
    assert ask("Or", conditions=[{"type": PREFIX + kind, **properties}]) is expected


def test_without_outputs_no_expression_over_them_holds() -> None:
    assert not ask("ExecutionOutputs", seen(execution(outputs=None)), expression="true")


def test_attempts_are_looked_at_one_by_one() -> None:
    attempts = (StateType.FAILED, StateType.SUCCESS)
    assert ask("HasRetryAttempt", seen(attempts=attempts), **{"in": ["FAILED"]})
    assert not ask("HasRetryAttempt", seen(attempts=attempts), **{"in": ["KILLED"]})
    assert not ask("HasRetryAttempt", seen(), **{"in": ["FAILED"]})


@pytest.mark.parametrize(
    ("kind", "properties", "message"),
    [
        ("DateTimeBetween", {}, "neither `after` nor `before` is given"),
        ("DateTimeBetween", {"after": "soon"}, "'soon' is no date"),
        ("TimeBetween", {"after": "08:00"}, "'08:00' has no offset"),
        ("Weekend", {"date": "{{ nothing.here }}"}, "nothing"),
        ("PublicHoliday", {"country": "XX"}, "The public holidays of 'XX' are not known"),
        ("DayWeek", {"dayOfWeek": "{{ 'someday' }}"}, "'someday' is no day of the week"),
    ],
)
def test_what_cannot_be_evaluated_says_why(kind: str, properties: dict[str, Any], message: str) -> None:
    with pytest.raises(ConditionFailed, match=message):
        ask(kind, **properties)


@pytest.mark.parametrize(
    ("field", "kind", "given", "expected"),
    [
        ("FLOW_ID", "EQUAL_TO", {"value": "up"}, True),
        ("FLOW_ID", "NOT_EQUAL_TO", {"value": "up"}, False),
        ("FLOW_ID", "IN", {"values": ["a", "up"]}, True),
        ("FLOW_ID", "NOT_IN", {"values": ["a", "up"]}, False),
        ("NAMESPACE", "STARTS_WITH", {"value": "company"}, True),
        ("NAMESPACE", "ENDS_WITH", {"value": "team"}, True),
        ("NAMESPACE", "CONTAINS", {"value": "y.t"}, True),
        ("NAMESPACE", "REGEX", {"value": "company"}, False),
        ("NAMESPACE", "REGEX", {"value": "comp.*team"}, True),
        ("STATE", "EQUAL_TO", {"value": "SUCCESS"}, True),
        ("EXPRESSION", "IS_TRUE", {"value": "{{ labels.team == 'data' }}"}, True),
        ("EXPRESSION", "IS_FALSE", {"value": "{{ labels.team == 'data' }}"}, False),
        ("EXPRESSION", "IS_NULL", {"value": "{{ labels.other ?? '' }}"}, True),
        ("EXPRESSION", "IS_NOT_NULL", {"value": "{{ labels.team }}"}, True),
        ("EXPRESSION", "IS_TRUE", {"value": "{{ nothing.here }}"}, False),
    ],
)
def test_a_filter(field: str, kind: str, given: dict[str, Any], expected: bool) -> None:
    group = {"id": "g", "filters": [{"field": field, "type": kind, **given}]}
    assert _passes(ExecutionFilters.model_validate(group), execution(), seen()) is expected


def test_filters_are_joined_by_their_operand() -> None:
    filters = [{"field": "FLOW_ID", "type": "EQUAL_TO", "value": name} for name in ("up", "down")]
    both = ExecutionFilters.model_validate({"id": "g", "filters": filters})
    one = ExecutionFilters.model_validate({"id": "g", "operand": "OR", "filters": filters})
    assert not _passes(both, execution(), seen())
    assert _passes(one, execution(), seen())
