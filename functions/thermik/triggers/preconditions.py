"""What a flow trigger waits for: executions of several flows, within a window of time."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, Self

from pydantic import Field, model_validator

from thermik.executions.state import StateType
from thermik.flows.model import FlowModel
from thermik.triggers.windows import TimeWindow


class UpstreamFlow(FlowModel):
    """A flow of which an execution must have ended; each property given must match."""

    namespace: str
    flow_id: str | None = None
    states: list[StateType] | None = None
    labels: dict[str, str] | None = None


class FilterType(StrEnum):
    """How a field is compared."""

    EQUAL_TO = "EQUAL_TO"
    NOT_EQUAL_TO = "NOT_EQUAL_TO"
    IN = "IN"
    NOT_IN = "NOT_IN"
    IS_TRUE = "IS_TRUE"
    IS_FALSE = "IS_FALSE"
    IS_NULL = "IS_NULL"
    IS_NOT_NULL = "IS_NOT_NULL"
    STARTS_WITH = "STARTS_WITH"
    ENDS_WITH = "ENDS_WITH"
    REGEX = "REGEX"
    CONTAINS = "CONTAINS"


class ExecutionFilter(FlowModel):
    """One comparison with an execution."""

    field: Literal["FLOW_ID", "NAMESPACE", "STATE", "EXPRESSION"]
    type: FilterType
    value: str | None = None
    values: list[str] | None = None

    @model_validator(mode="after")
    def _value_or_values(self) -> Self:
        several = self.type in (FilterType.IN, FilterType.NOT_IN)
        for name, wanted in (("value", not several), ("values", several)):  # Kestra tells of the first only
            if (getattr(self, name) is None) == wanted:
                raise ValueError(f"`{name}` {'cannot' if wanted else 'must'} be null for type {self.type}")
        return self


class ExecutionFilters(FlowModel):
    """A group of comparisons."""

    id: str
    operand: Literal["AND", "OR"] = "AND"
    filters: list[ExecutionFilter] = Field(min_length=1)


class Preconditions(FlowModel):
    """All of these must be met once within the window."""

    id: str
    time_window: TimeWindow | None = None
    reset_on_success: bool = True
    flows: list[UpstreamFlow] = Field(default_factory=list)
    where: list[ExecutionFilters] = Field(default_factory=list)
