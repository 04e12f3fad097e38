"""The conditions of triggers: a model a type, under `io.kestra.plugin.core.condition`.

Only what an author writes; whether a condition holds is decided elsewhere.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from thermik.executions.state import StateType
from thermik.flows.dynamic import Duration, Dynamic
from thermik.flows.labels import Labels
from thermik.flows.trigger import AnyCondition, Condition
from thermik.triggers.windows import TimeWindow

TRIGGER_DATE = "{{ trigger.date }}"

Weekday = Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]


class _OfDate(Condition):
    date: str = Field(default=TRIGGER_DATE, description="The date that is looked at.")


class DayWeek(_OfDate):
    """Holds on a day of the week."""

    day_of_week: Dynamic[Weekday]


class DayWeekInMonth(_OfDate):
    """Holds on the first, second, third, fourth or last day of its name in a month."""

    day_of_week: Dynamic[Weekday]
    day_in_month: Dynamic[Literal["FIRST", "SECOND", "THIRD", "FOURTH", "LAST"]]


class Weekend(_OfDate):
    """Holds on Saturday and Sunday."""


class PublicHoliday(_OfDate):
    """Holds on a public holiday of a country."""

    country: str = Field(description="ISO 3166-1 alpha-2; there is no default, since a server has no country.")
    sub_division: str | None = Field(default=None, description="ISO 3166-2, without the country.")


class DateTimeBetween(_OfDate):
    """Holds after one date and before another, both excluded."""

    after: str | None = None
    before: str | None = None


class TimeBetween(_OfDate):
    """Holds after one time of day and before another, both excluded."""

    after: str | None = None
    before: str | None = None


class Expression(Condition):
    """Holds where a text renders to anything but blank or `false`."""

    expression: str


class Not(Condition):
    """Holds where none of its conditions does."""

    conditions: list[AnyCondition] = Field(min_length=1)


class Or(Condition):
    """Holds where one of its conditions does."""

    conditions: list[AnyCondition] = Field(min_length=1)


class ExecutionFlow(Condition):
    """Holds for the executions of a flow."""

    namespace: str
    flow_id: str


class ExecutionNamespace(Condition):
    """Holds for the executions of a namespace."""

    namespace: str
    comparison: Literal["EQUALS", "PREFIX", "SUFFIX"] | None = None
    prefix: bool = False


class _Listed(Condition):
    in_: list[Any] | None = Field(default=None, alias="in")
    not_in: list[Any] | None = None


class ExecutionStatus(_Listed):
    """Holds for executions in one of the states, and in none of the others."""

    in_: list[StateType] | None = Field(default=None, alias="in")
    not_in: list[StateType] | None = None


class HasRetryAttempt(_Listed):
    """Holds for executions with an attempt in one of the states, and in none of the others."""

    in_: list[StateType] | None = Field(default=None, alias="in")
    not_in: list[StateType] | None = None


class ExecutionLabels(Condition):
    """Holds for executions that have all of the labels."""

    labels: Labels


class ExecutionOutputs(Condition):
    """Holds where an expression over `trigger.outputs` does."""

    expression: str


class MultipleCondition(Condition):
    """Holds once each of its conditions was met within a window of time."""

    id: str = Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]*$")
    description: str | None = None
    time_window: TimeWindow | None = None
    window: Duration | None = Field(default=None, description="Old form of `timeWindow.window`.")
    window_advance: Duration | None = Field(default=None, description="Old form of `timeWindow.windowAdvance`.")
    reset_on_success: bool = True
    conditions: dict[str, AnyCondition] = Field(min_length=1)

    @field_validator("conditions")
    @classmethod
    def _flat(cls, value: dict[str, Condition]) -> dict[str, Condition]:
        if any(isinstance(each, MultipleCondition) for each in value.values()):
            raise ValueError("a MultipleCondition cannot contain another one")
        return value

    @model_validator(mode="after")
    def _one_window(self) -> Self:
        if self.time_window is not None and (self.window is not None or self.window_advance is not None):
            raise ValueError("`window` and `windowAdvance` are the old form of `timeWindow`: give one of them")
        return self
