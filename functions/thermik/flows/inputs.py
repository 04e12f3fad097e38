"""The inputs that a flow declares: what all types have in common.

The types are in `input_types.py`, which is imported when a flow has inputs. What a given value becomes, and whether
it is accepted, is decided in `input_values.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, SerializeAsAny, ValidationInfo, WrapValidator
from pydantic_core import core_schema

from thermik.flows import aliases
from thermik.flows.model import FlowModel
from thermik.flows.task import UnknownType, read_by_type

INPUT_ID_PATTERN = r"^[a-zA-Z0-9][.a-zA-Z0-9_-]*$"
"""Ids of inputs and outputs: dots nest the values."""

MAX_DISPLAY_NAME = 64

ITEM_TYPES = (
    *("STRING", "INT", "FLOAT", "BOOLEAN", "BOOL", "DATETIME", "DATE", "TIME", "DURATION"),
    *("JSON", "YAML", "URI", "EMAIL"),
)
"""Types that the items of a list may have."""

TYPES = (*ITEM_TYPES, "FILE", "SELECT", "ENUM", "MULTISELECT", "ARRAY", "SECRET")
"""Every type of inputs and outputs, by today's name and the old ones. Here, since outputs import no input's model."""


class DependsOn(FlowModel):
    """Which inputs an input needs, and under which condition it is asked for."""

    inputs: list[str] = Field(min_length=1)
    condition: str | None = None


class Input(FlowModel):
    """The properties that every input has."""

    old_names: ClassVar[Mapping[str, str]] = aliases.INPUT

    id: str = Field(pattern=INPUT_ID_PATTERN, description="Unique in the flow; dots nest the values.")
    type: str
    description: str | None = None
    required: bool = True
    defaults: Any = Field(default=None, description="The value where none is given; may be an expression.")
    prefill: Any = Field(default=None, description="What a form shows at first; no default.")
    display_name: str | None = Field(default=None, max_length=MAX_DISPLAY_NAME)
    depends_on: DependsOn | None = None


def _input_model(name: str) -> type[Input]:
    from thermik.flows.input_types import INPUT_TYPES

    model = INPUT_TYPES.get(aliases.INPUT_TYPES.get(name, name))
    if model is None:
        raise UnknownType(name)
    return model


def _read_input(data: Any, handler: core_schema.ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    return read_by_type(data, handler, info, _input_model, Input)


AnyInput = SerializeAsAny[Annotated[Input, WrapValidator(_read_input)]]
"""An input of any type, read by its type's own model: also what `onResume` of a Pause declares."""
