"""Whether conditions hold: a function a type, in one table.

What is asked about comes as `Circumstances`; nothing is read here. MultipleCondition is not in the table: it
remembers (`pending.py`).
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, TypeVar, cast

from thermik.executions.model import Execution
from thermik.executions.state import StateType
from thermik.expressions import ExpressionError
from thermik.flows.trigger import Condition
from thermik.triggers import conditions as model
from thermik.triggers.moments import offset_time_of, read_day, read_moment, read_offset_time
from thermik.triggers.public_holidays import is_public_holiday

_WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_SATURDAY = 5
_WEEKS = {"FIRST": 0, "SECOND": 1, "THIRD": 2, "FOURTH": 3}


class ConditionFailed(Exception):
    """It is not known whether a condition holds; the message is for the flow's author."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What conditions are asked about.

    Attributes:
        render: renders a text with the variables that conditions see.
        zone: of dates that name none.
        execution: the one that changed (Flow), or the one that would be started (Webhook); None for dates.
        attempts: the states of the execution's attempts, read when they are asked for.
    """

    render: Callable[[str], Any]
    zone: tzinfo
    execution: Execution | None = None
    attempts: Callable[[], Iterable[StateType]] = tuple

    def text(self, value: str) -> str:
        """A rendered text. Raises: ExpressionError."""
        return str(self.render(value))


def all_hold(conditions: Iterable[Condition], seen: Circumstances) -> bool:
    """Whether every condition holds. Raises: ConditionFailed."""
    return all(holds(condition, seen) for condition in conditions)


def holds(condition: Condition, seen: Circumstances) -> bool:
    """Whether a condition holds. Raises: ConditionFailed."""
    try:
        return _DECIDE[type(condition)](condition, seen)
    except (ExpressionError, ValueError) as error:
        kind = condition.type.rpartition(".")[2]
        raise ConditionFailed(f"The condition {kind} cannot be evaluated: {error}") from error


def is_affirmative(rendered: str) -> bool:
    """Whether the text of an expression says yes: anything but blank and `false`."""
    return rendered.strip() not in ("", "false")


# --- of dates


def _day_week(condition: model.DayWeek, seen: Circumstances) -> bool:
    return _weekday(seen.text(condition.day_of_week)) == read_day(seen.text(condition.date)).weekday()


def _day_week_in_month(condition: model.DayWeekInMonth, seen: Circumstances) -> bool:
    day = read_day(seen.text(condition.date))
    if day.weekday() != _weekday(seen.text(condition.day_of_week)):
        return False
    which = seen.text(condition.day_in_month)
    if which == "LAST":
        return day.day + 7 > calendar.monthrange(day.year, day.month)[1]
    if which not in _WEEKS:
        raise ValueError(f"'{which}' is none of {', '.join(_WEEKS)}, LAST")
    return (day.day - 1) // 7 == _WEEKS[which]


def _weekday(name: str) -> int:
    if name not in _WEEKDAYS:
        raise ValueError(f"'{name}' is no day of the week such as MONDAY")
    return _WEEKDAYS.index(name)


def _weekend(condition: model.Weekend, seen: Circumstances) -> bool:
    return read_day(seen.text(condition.date)).weekday() >= _SATURDAY


def _public_holiday(condition: model.PublicHoliday, seen: Circumstances) -> bool:
    subdivision = seen.text(condition.sub_division) if condition.sub_division else None
    return is_public_holiday(read_day(seen.text(condition.date)), seen.text(condition.country), subdivision)


def _date_time_between(condition: model.DateTimeBetween, seen: Circumstances) -> bool:
    return _between(condition, seen, lambda text: read_moment(text, seen.zone), lambda moment: moment)


def _time_between(condition: model.TimeBetween, seen: Circumstances) -> bool:
    return _between(condition, seen, read_offset_time, offset_time_of)


def _between(
    condition: model.DateTimeBetween | model.TimeBetween,
    seen: Circumstances,
    read: Callable[[str], Any],
    of: Callable[[Any], Any],
) -> bool:
    if condition.after is None and condition.before is None:
        raise ValueError("neither `after` nor `before` is given")
    value = of(read_moment(seen.text(condition.date), seen.zone))
    after = condition.after is None or value > read(seen.text(condition.after))
    return after and (condition.before is None or value < read(seen.text(condition.before)))


# --- of anything


def _expression(condition: model.Expression, seen: Circumstances) -> bool:
    return is_affirmative(seen.text(condition.expression))


def _not(condition: model.Not, seen: Circumstances) -> bool:
    return not any(holds(each, seen) for each in condition.conditions)


def _or(condition: model.Or, seen: Circumstances) -> bool:
    return any(holds(each, seen) for each in condition.conditions)


# --- of executions


def _execution_of(seen: Circumstances) -> Execution:
    if seen.execution is None:
        raise ValueError("there is no execution to look at")
    return seen.execution


def _execution_flow(condition: model.ExecutionFlow, seen: Circumstances) -> bool:
    execution = _execution_of(seen)
    return (execution.namespace, execution.flow_id) == (condition.namespace, condition.flow_id)


def _execution_namespace(condition: model.ExecutionNamespace, seen: Circumstances) -> bool:
    namespace = _execution_of(seen).namespace
    match condition.comparison or ("PREFIX" if condition.prefix else "EQUALS"):
        case "PREFIX":
            return namespace.startswith(condition.namespace)
        case "SUFFIX":
            return namespace.endswith(condition.namespace)
        case _:
            return namespace == condition.namespace


def _execution_status(condition: model.ExecutionStatus, seen: Circumstances) -> bool:
    return _any_of([_execution_of(seen).state.current], condition.in_, condition.not_in)


def _has_retry_attempt(condition: model.HasRetryAttempt, seen: Circumstances) -> bool:
    return _any_of(seen.attempts(), condition.in_, condition.not_in)


def _any_of(
    states: Iterable[StateType], wanted: Sequence[StateType] | None, refused: Sequence[StateType] | None
) -> bool:
    return any((wanted is None or state in wanted) and state not in (refused or ()) for state in states)


def _execution_labels(condition: model.ExecutionLabels, seen: Circumstances) -> bool:
    there = {(label.key, label.value) for label in _execution_of(seen).labels}
    return all((label.key, label.value) in there for label in condition.labels)


def _execution_outputs(condition: model.ExecutionOutputs, seen: Circumstances) -> bool:
    return bool(_execution_of(seen).outputs) and is_affirmative(seen.text(condition.expression))


C = TypeVar("C", bound=Condition)
_Decision = Callable[[Condition, Circumstances], bool]


def _rule(kind: type[C], decide: Callable[[C, Circumstances], bool]) -> tuple[type[Condition], _Decision]:
    return kind, cast("_Decision", decide)


_DECIDE: Mapping[type[Condition], _Decision] = dict(
    (
        _rule(model.DayWeek, _day_week),
        _rule(model.DayWeekInMonth, _day_week_in_month),
        _rule(model.Weekend, _weekend),
        _rule(model.PublicHoliday, _public_holiday),
        _rule(model.DateTimeBetween, _date_time_between),
        _rule(model.TimeBetween, _time_between),
        _rule(model.Expression, _expression),
        _rule(model.Not, _not),
        _rule(model.Or, _or),
        _rule(model.ExecutionFlow, _execution_flow),
        _rule(model.ExecutionNamespace, _execution_namespace),
        _rule(model.ExecutionStatus, _execution_status),
        _rule(model.HasRetryAttempt, _has_retry_attempt),
        _rule(model.ExecutionLabels, _execution_labels),
        _rule(model.ExecutionOutputs, _execution_outputs),
    )
)
