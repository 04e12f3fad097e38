"""The triggers: a model a type, under `io.kestra.plugin.core.trigger`.

Only what an author writes; when a trigger starts an execution is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from thermik.executions.state import StateType
from thermik.flows import aliases
from thermik.flows.dynamic import Duration
from thermik.flows.temporal import read_instant
from thermik.flows.trigger import Condition, Starts, Trigger
from thermik.triggers.conditions import MultipleCondition, Not, Or
from thermik.triggers.cron import parse_cron
from thermik.triggers.preconditions import Preconditions
from thermik.triggers.zones import zone

MAX_WEBHOOK_KEY = 256

Recovery = Literal["ALL", "LAST", "NONE"]


class Timed(Trigger):
    """What starts executions at dates has in common."""

    starts_by: ClassVar[Starts] = Starts.DATES

    timezone: str | None = Field(default=None, description="Where its dates are; the server's zone by default.")
    inputs: dict[str, Any] = Field(default_factory=dict, description="Inputs of the executions; may be expressions.")
    recover_missed_schedules: Recovery | None = None
    allow_concurrent: bool = Field(default=False, description="Does not wait for the end of its last execution.")

    @field_validator("timezone")
    @classmethod
    def _exists(cls, value: str | None) -> str | None:
        if value is not None:
            zone(value)
        return value

    @model_validator(mode="after")
    def _no_multiple_condition(self) -> Self:
        refuse_multiple_condition("schedule", self.conditions)
        return self


class Schedule(Timed):
    """Starts executions by the clock."""

    old_names: ClassVar[Mapping[str, str]] = aliases.SCHEDULE

    cron: str = Field(description="Minute, hour, day, month, weekday.", examples=["0 9 * * MON-FRI", "@daily"])
    with_seconds: bool = Field(default=False, description="The cron has a sixth field, first.")
    late_maximum_delay: Duration | None = Field(default=None, description="Older dates are passed over.")

    @model_validator(mode="after")
    def _reads(self) -> Self:
        try:
            parse_cron(self.cron, with_seconds=self.with_seconds)
        except ValueError as error:
            raise ValueError(f"invalid cron expression '{self.cron}': {error}") from error
        return self


class ScheduleOnDates(Timed):
    """Starts executions at given dates."""

    dates: list[str] = Field(min_length=1, description="ISO 8601, with an offset.")

    @field_validator("dates")
    @classmethod
    def _reads(cls, value: list[str]) -> list[str]:
        for date in value:
            read_instant(date)
        return value


class Webhook(Trigger):
    """Starts an execution at each request to its address."""

    key: str = Field(max_length=MAX_WEBHOOK_KEY, description="The last part of its address; may be an expression.")
    inputs: dict[str, Any] = Field(default_factory=dict, description="Inputs of the executions; may be expressions.")
    wait: bool = Field(default=False, description="Answer when the execution has ended.")
    return_outputs: bool = Field(default=False, description="With `wait`: answer the flow's outputs.")
    response_content_type: Literal["application/json", "text/plain"] = Field(
        default="application/json", description="As what the flow's outputs are answered."
    )

    @model_validator(mode="after")
    def _no_multiple_condition(self) -> Self:
        refuse_multiple_condition("webhook", self.conditions)
        return self


class Flow(Trigger):
    """Starts an execution when executions of other flows end."""

    starts_by: ClassVar[Starts] = Starts.EXECUTIONS

    inputs: dict[str, Any] = Field(default_factory=dict, description="Inputs of the executions; may be expressions.")
    states: list[StateType] | None = Field(
        default=None, description="By default all terminal ones, and those that `preconditions` name."
    )
    preconditions: Preconditions | None = None

    @model_validator(mode="after")
    def _waits_at_the_top(self) -> Self:
        if any(isinstance(each, MultipleCondition) for each in _within(self.conditions)):
            raise ValueError("invalid flow trigger: a MultipleCondition cannot stand in a Not or an Or")
        return self


def refuse_multiple_condition(kind: str, conditions: list[Condition]) -> None:
    """Only a flow trigger can wait for several executions. Raises: ValueError."""
    if any(isinstance(each, MultipleCondition) for each in _every(conditions)):
        raise ValueError(f"invalid {kind}: conditions of type MultipleCondition are not supported")


def _every(conditions: list[Condition]) -> Iterator[Condition]:
    yield from conditions
    yield from _within(conditions)


def _within(conditions: list[Condition]) -> Iterator[Condition]:
    """What stands in others, at any depth."""
    for condition in conditions:
        if isinstance(condition, Not | Or):
            yield from _every(condition.conditions)
