"""How often, and when, a failed attempt is tried again: the flow author's `retry` property.

What follows from it after a failure is decided in `thermik.executions`; this is only what was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from thermik.durations import duration_text
from thermik.flows import aliases
from thermik.flows.dynamic import Duration
from thermik.flows.model import FlowModel


class RetryBehavior(StrEnum):
    """What is tried again: the task run, or the whole execution as a new one."""

    RETRY_FAILED_TASK = "RETRY_FAILED_TASK"
    CREATE_NEW_EXECUTION = "CREATE_NEW_EXECUTION"


def _less(name: str, one: timedelta, other_name: str, other: timedelta | None) -> None:
    if other is not None and one >= other:
        raise ValueError(f"'{name}' must be less than '{other_name}' but is {duration_text(one)}")


class _Retry(FlowModel):
    old_names: ClassVar[Mapping[str, str]] = aliases.RETRY

    max_attempts: int | None = Field(default=None, ge=1, description="All attempts, the first included.")
    max_duration: Duration | None = Field(
        default=None, description="No attempt starts later than this after the first."
    )
    warning_on_retry: bool = Field(default=False, description="A success that needed several attempts is a warning.")
    behavior: RetryBehavior = RetryBehavior.RETRY_FAILED_TASK


class ConstantRetry(_Retry):
    """Try again after the same interval each time."""

    type: Literal["constant"]
    interval: Duration

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _less("interval", self.interval, "maxDuration", self.max_duration)
        return self


class ExponentialRetry(_Retry):
    """Try again after an interval that grows by a factor, up to a maximum."""

    type: Literal["exponential"]
    interval: Duration
    max_interval: Duration
    delay_factor: float = Field(default=2.0, gt=0)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _less("interval", self.interval, "maxInterval", self.max_interval)
        _less("interval", self.interval, "maxDuration", self.max_duration)
        return self


class RandomRetry(_Retry):
    """Try again after an interval drawn anew each time."""

    type: Literal["random"]
    min_interval: Duration
    max_interval: Duration

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _less("minInterval", self.min_interval, "maxInterval", self.max_interval)
        _less("maxInterval", self.max_interval, "maxDuration", self.max_duration)
        return self


Retry = Annotated[ConstantRetry | ExponentialRetry | RandomRetry, Field(discriminator="type")]
