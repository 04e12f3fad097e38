"""What every trigger and every condition has in common.

Their types live above this layer (`thermik.triggers`), so they are found like the types of tasks: through the
context of the validation, `{"types": ..., "triggers": ...}`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Protocol

from pydantic import Field, SerializeAsAny, ValidationInfo, WrapValidator
from pydantic_core import core_schema

from thermik.flows.labels import Labels
from thermik.flows.model import FlowModel
from thermik.flows.task import ID_PATTERN, LogLevel, UnknownType, read_by_type


class Condition(FlowModel):
    """Something that must hold for a trigger to start an execution."""

    type: str


class TriggerTypes(Protocol):
    """The types of triggers and conditions that this installation knows."""

    def trigger(self, name: str) -> type[Trigger]:
        """The model of a trigger's type, by its name or one of its old names. Raises UnknownType."""
        ...

    def condition(self, name: str) -> type[Condition]:
        """The model of a condition's type, likewise. Raises UnknownType."""
        ...


class NoTriggers:
    """Where no trigger can be carried out: every type is unknown."""

    def trigger(self, name: str) -> type[Trigger]:
        """Refuse. Raises UnknownType."""
        raise UnknownType(name)

    def condition(self, name: str) -> type[Condition]:
        """Refuse. Raises UnknownType."""
        raise UnknownType(name)


def _types(info: ValidationInfo) -> TriggerTypes:
    found: TriggerTypes = (info.context or {}).get("triggers") or NoTriggers()
    return found


def _read_trigger(data: Any, handler: core_schema.ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    return read_by_type(data, handler, info, _types(info).trigger, Trigger)


def _read_condition(data: Any, handler: core_schema.ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    return read_by_type(data, handler, info, _types(info).condition, Condition)


AnyCondition = SerializeAsAny[Annotated[Condition, WrapValidator(_read_condition)]]
"""A condition of any type, read by its type's own model."""


class Starts(StrEnum):
    """What makes a trigger start executions."""

    REQUESTS = "REQUESTS"
    EXECUTIONS = "EXECUTIONS"
    DATES = "DATES"


class Trigger(FlowModel):
    """The properties that every trigger has.

    Attributes:
        starts_by: by this a flow is found when something happens.
    """

    starts_by: ClassVar[Starts] = Starts.REQUESTS

    id: str = Field(pattern=ID_PATTERN, min_length=1)
    type: str
    version: str | None = Field(default=None, description="Accepted without effect: a type has one version here.")
    description: str | None = None
    conditions: list[AnyCondition] = Field(default_factory=list)
    disabled: bool = False
    log_level: LogLevel | None = None
    log_to_file: bool = False
    labels: Labels = Field(default_factory=list)
    stop_after: list[str] = Field(default_factory=list)
    fail_on_trigger_error: bool = False
    worker_group: dict[str, Any] | None = None


AnyTrigger = SerializeAsAny[Annotated[Trigger, WrapValidator(_read_trigger)]]
"""A trigger of any type, read by its type's own model."""
