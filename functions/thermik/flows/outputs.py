"""The outputs that a flow declares; how they are typed at the end of an execution is in `output_values.py`."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from thermik.flows.inputs import INPUT_ID_PATTERN, MAX_DISPLAY_NAME, TYPES
from thermik.flows.model import FlowModel


class Output(FlowModel):
    """One output: a value that is rendered when the execution ends."""

    id: str = Field(pattern=INPUT_ID_PATTERN)
    type: str = Field(description="One of the types of inputs.")
    value: Any = Field(description="A text with expressions, or a list or a map of such.")
    description: str | None = None
    display_name: str | None = Field(default=None, max_length=MAX_DISPLAY_NAME)
    required: bool | None = Field(default=None, description="False: a value that renders to null is accepted.")

    @field_validator("type")
    @classmethod
    def _a_type(cls, value: str) -> str:
        if value not in TYPES:
            raise PydanticCustomError("unknown_type", "Invalid type: {type}", {"type": value})
        return value
