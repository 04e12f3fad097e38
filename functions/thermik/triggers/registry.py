"""From the name of a trigger's or condition's type to its model; models are imported when a flow has a trigger."""

from __future__ import annotations

from importlib import import_module
from typing import TypeVar

from thermik.flows.task import UnknownType
from thermik.flows.trigger import Condition, Trigger

Model = TypeVar("Model", Trigger, Condition)

_TRIGGER = "io.kestra.plugin.core.trigger."
_CONDITION = "io.kestra.plugin.core.condition."
_OLD_TRIGGER = "io.kestra.core.models.triggers.types."
_OLD_CONDITION = "io.kestra.core.models.conditions.types."

TRIGGERS = ("Schedule", "ScheduleOnDates", "Webhook", "Flow")
CONDITIONS = (
    "DateTimeBetween",
    "DayWeek",
    "DayWeekInMonth",
    "ExecutionFlow",
    "ExecutionLabels",
    "ExecutionNamespace",
    "ExecutionOutputs",
    "ExecutionStatus",
    "Expression",
    "HasRetryAttempt",
    "MultipleCondition",
    "Not",
    "Or",
    "PublicHoliday",
    "TimeBetween",
    "Weekend",
)

ALIASES: dict[str, str] = {
    **{_OLD_TRIGGER + name: _TRIGGER + name for name in TRIGGERS},
    **{
        prefix + old: _CONDITION + name
        for name in CONDITIONS
        for prefix in (_CONDITION, _OLD_CONDITION)
        for old in (name, f"{name.removesuffix('Condition')}Condition")
        if prefix + old != _CONDITION + name
    },
    _CONDITION + "FlowCondition": _CONDITION + "ExecutionFlow",
    _OLD_CONDITION + "FlowCondition": _CONDITION + "ExecutionFlow",
    _OLD_CONDITION + "VariableCondition": _CONDITION + "Expression",
    _CONDITION + "FlowNamespaceCondition": _CONDITION + "ExecutionNamespace",
    _OLD_CONDITION + "FlowNamespaceCondition": _CONDITION + "ExecutionNamespace",
}
"""Old name to today's."""


class TriggerRegistry:
    """The types of triggers and conditions; implements `thermik.flows.trigger.TriggerTypes`."""

    def trigger(self, name: str) -> type[Trigger]:
        """The model of a trigger's type. Raises: UnknownType."""
        return _model(name, _TRIGGER, TRIGGERS, "models", Trigger)

    def condition(self, name: str) -> type[Condition]:
        """The model of a condition's type. Raises: UnknownType."""
        return _model(name, _CONDITION, CONDITIONS, "conditions", Condition)

    def names(self) -> list[str]:
        """The types of triggers, sorted."""
        return sorted(_TRIGGER + name for name in TRIGGERS)

    def condition_names(self) -> list[str]:
        """The types of conditions, sorted."""
        return sorted(_CONDITION + name for name in CONDITIONS)

    def aliases(self, name: str) -> tuple[str, ...]:
        """The old names of a type."""
        return tuple(old for old, new in ALIASES.items() if new == name)


def _model(name: str, prefix: str, names: tuple[str, ...], module: str, kind: type[Model]) -> type[Model]:
    known = ALIASES.get(name, name)
    short = known.removeprefix(prefix)
    if known == short or short not in names:
        raise UnknownType(name)
    found = getattr(import_module(f"thermik.triggers.{module}"), short)
    if not (isinstance(found, type) and issubclass(found, kind)):
        raise TypeError(f"{found} is no {kind.__name__}")
    return found
