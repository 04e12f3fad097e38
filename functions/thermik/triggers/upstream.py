"""What a Flow trigger thinks of an execution: whether it can concern it at all, and which of its parts it meets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from thermik.executions.model import Execution
from thermik.executions.state import TERMINAL, StateType
from thermik.expressions import ExpressionError
from thermik.expressions.java.regex import bounded_by_time, compiled
from thermik.expressions.limits import MAX_REGEX_SECONDS
from thermik.flows.trigger import Condition
from thermik.triggers import conditions as model
from thermik.triggers.holding import Circumstances, ConditionFailed, holds, is_affirmative
from thermik.triggers.models import Flow
from thermik.triggers.preconditions import ExecutionFilter, ExecutionFilters, FilterType, UpstreamFlow
from thermik.triggers.windows import TimeWindow

_NEED_NO_RENDERING = (model.ExecutionFlow, model.ExecutionNamespace, model.ExecutionStatus, model.ExecutionLabels)


@dataclass(frozen=True, slots=True)
class PartsToMeet:
    """Parts that must each be met by some execution within a window of time.

    Attributes:
        parts: every part's name, and whether the execution at hand meets it.
        resets: whether all of them must be met anew after they have been.
    """

    id: str
    window: TimeWindow | None
    resets: bool
    parts: Mapping[str, bool]


def may_concern(trigger: Flow, execution: Execution, seen: Circumstances) -> bool:
    """Whether a trigger has to be asked about an execution; told without rendering anything."""
    if trigger.disabled or execution.state.current not in _heard(trigger):
        return False
    if not all(holds(each, seen) for each in trigger.conditions if isinstance(each, _NEED_NO_RENDERING)):
        return False
    flows = trigger.preconditions.flows if trigger.preconditions else []
    where = trigger.preconditions.where if trigger.preconditions else []
    return bool(where) or not flows or any(_is_of(each, execution, trigger) for each in flows)


def _heard(trigger: Flow) -> Collection[StateType]:
    """The states that a trigger hears: its own, else the terminal ones and those that a precondition names."""
    if trigger.states:
        return trigger.states
    flows = trigger.preconditions.flows if trigger.preconditions else []
    return TERMINAL.union(*(each.states or () for each in flows))


def conditions_hold(trigger: Flow, seen: Circumstances) -> bool:
    """Whether all conditions hold but those that remember. Raises: ConditionFailed."""
    return all(holds(each, seen) for each in trigger.conditions if not isinstance(each, model.MultipleCondition))


def parts_to_meet(trigger: Flow, execution: Execution, seen: Circumstances) -> Iterator[PartsToMeet]:
    """What the trigger waits for over several executions: its MultipleConditions, and its preconditions."""
    usual = execution.state.current in (trigger.states or TERMINAL)
    for condition in trigger.conditions:
        if isinstance(condition, model.MultipleCondition):
            parts = {name: usual and _holds(each, seen) for name, each in condition.conditions.items()}
            yield PartsToMeet(condition.id, _window_of(condition), condition.reset_on_success, parts)
    wanted = trigger.preconditions
    if wanted is not None:
        of_flows = {f"flows[{index}]": _is_of(each, execution, trigger) for index, each in enumerate(wanted.flows)}
        where = {f"where.{each.id}": usual and _passes(each, execution, seen) for each in wanted.where}
        parts_id = f"preconditions.{wanted.id}"
        yield PartsToMeet(parts_id, wanted.time_window, wanted.reset_on_success, {**of_flows, **where})


def _window_of(condition: model.MultipleCondition) -> TimeWindow | None:
    """The window, also where it is written in its old form."""
    if condition.window is None and condition.window_advance is None:
        return condition.time_window
    return TimeWindow(window=condition.window, window_advance=condition.window_advance)


def _holds(condition: Condition, seen: Circumstances) -> bool:
    try:
        return holds(condition, seen)
    except ConditionFailed:
        return False


def _is_of(wanted: UpstreamFlow, execution: Execution, trigger: Flow) -> bool:
    labels = {label.key: label.value for label in execution.labels}
    return (
        wanted.namespace == execution.namespace
        and wanted.flow_id in (None, execution.flow_id)
        and execution.state.current in (wanted.states or trigger.states or TERMINAL)
        and all(labels.get(key) == value for key, value in (wanted.labels or {}).items())
    )


def _passes(group: ExecutionFilters, execution: Execution, seen: Circumstances) -> bool:
    results: Iterable[bool] = (_matches(each, execution, seen) for each in group.filters)
    try:
        return all(results) if group.operand == "AND" else any(results)
    except ExpressionError:
        return False


def _matches(given: ExecutionFilter, execution: Execution, seen: Circumstances) -> bool:
    """Whether an execution passes a filter. Raises: ExpressionError."""
    value = given.value or ""
    match given.field:
        case "FLOW_ID":
            field = execution.flow_id
        case "NAMESPACE":
            field = execution.namespace
        case "STATE":
            field = execution.state.current.value
        case "EXPRESSION":
            field = seen.text(value)
    return compare(given, field)


def compare(given: ExecutionFilter, field: str) -> bool:
    """Whether a field's value passes a filter. Raises: ExpressionError: its pattern takes too long."""
    return _COMPARE[given.type](field, given.value or "", given.values or [])


def _equals_whole(pattern: str, text: str) -> bool:
    return bool(bounded_by_time(pattern, lambda: compiled(pattern).fullmatch(text, timeout=MAX_REGEX_SECONDS)))


_COMPARE: Mapping[FilterType, Callable[[str, str, list[str]], bool]] = {
    FilterType.EQUAL_TO: lambda field, value, _: field == value,
    FilterType.NOT_EQUAL_TO: lambda field, value, _: field != value,
    FilterType.IN: lambda field, _, values: field in values,
    FilterType.NOT_IN: lambda field, _, values: field not in values,
    FilterType.IS_TRUE: lambda field, *_: is_affirmative(field),
    FilterType.IS_FALSE: lambda field, *_: not is_affirmative(field),
    FilterType.IS_NULL: lambda field, *_: not field,
    FilterType.IS_NOT_NULL: lambda field, *_: bool(field),
    FilterType.STARTS_WITH: lambda field, value, _: field.startswith(value),
    FilterType.ENDS_WITH: lambda field, value, _: field.endswith(value),
    FilterType.CONTAINS: lambda field, value, _: value in field,
    FilterType.REGEX: lambda field, value, _: _equals_whole(value, field),
}
