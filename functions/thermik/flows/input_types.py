"""A model for each type of input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from thermik.expressions import ExpressionError
from thermik.flows import aliases
from thermik.flows.dynamic import Duration
from thermik.flows.inputs import Input
from thermik.flows.temporal import read_date, read_instant, read_time

ITEM_TYPES = (
    "STRING",
    "INT",
    "FLOAT",
    "BOOLEAN",
    "BOOL",
    "DATETIME",
    "DATE",
    "TIME",
    "DURATION",
    "JSON",
    "YAML",
    "URI",
    "EMAIL",
)
"""Types that the items of a list may have."""


class _Pattern(Input):
    validator: str | None = Field(default=None, description="A regular expression that must match the whole text.")

    @field_validator("validator")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        if value is not None:
            from thermik.expressions.java.regex import compiled

            try:
                compiled(value)
            except ExpressionError as error:
                raise ValueError(f"invalid pattern [{value}]") from error
        return value


class StringInput(_Pattern):
    """A text."""


class SecretInput(_Pattern):
    """A text that is kept encrypted and masked in logs."""


class IntInput(Input):
    """An integer of 32 bits."""

    min: int | None = None
    max: int | None = None


class FloatInput(Input):
    """A number."""

    min: float | None = None
    max: float | None = None


class BooleanInput(Input):
    """True for the text `true` in any case, false for any other."""


class DateTimeInput(Input):
    """An instant, with an offset."""

    after: str | None = None
    before: str | None = None

    @field_validator("after", "before")
    @classmethod
    def _reads(cls, value: str | None) -> str | None:
        if value is not None:
            read_instant(value)
        return value


class DateInput(Input):
    """A date."""

    after: str | None = None
    before: str | None = None

    @field_validator("after", "before")
    @classmethod
    def _reads(cls, value: str | None) -> str | None:
        if value is not None:
            read_date(value)
        return value


class TimeInput(Input):
    """A time of day."""

    after: str | None = None
    before: str | None = None

    @field_validator("after", "before")
    @classmethod
    def _reads(cls, value: str | None) -> str | None:
        if value is not None:
            read_time(value)
        return value


class DurationInput(Input):
    """An ISO 8601 duration."""

    min: Duration | None = None
    max: Duration | None = None


class FileInput(Input):
    """A file that is uploaded, or a `kestra://` URI of one."""

    extension: str = ".upl"

    @field_validator("defaults")
    @classmethod
    def _no_default(cls, value: Any) -> Any:
        if value is not None:
            raise ValueError("no `defaults` can be set for inputs of type 'FILE'")
        return value


class JsonInput(Input):
    """A JSON document."""


class YamlInput(Input):
    """A YAML document."""


class UriInput(Input):
    """A URI with a dotted host."""


class EmailInput(Input):
    """An e-mail address, or an empty text."""


class SelectInput(Input):
    """One of a list of values."""

    values: list[str] | None = None
    expression: str | None = Field(default=None, description="Renders to the list of values.")
    allow_custom_value: bool = False
    is_radio: bool = False
    auto_select_first: bool = False

    @model_validator(mode="after")
    def _has_values(self) -> Self:
        if not self.values and not self.expression:
            raise ValueError("`values` or `expression` must be set")
        return self


class EnumInput(Input):
    """One of a list of values: the old kind of SELECT."""

    values: list[str] = Field(min_length=1)


class MultiselectInput(Input):
    """Several of a list of values."""

    old_names: ClassVar[Mapping[str, str]] = aliases.MULTISELECT

    values: list[str] | None = None
    expression: str | None = Field(default=None, description="Renders to the list of values.")
    allow_custom_value: bool = False
    auto_select_first: bool = False
    item_type: str = "STRING"

    @field_validator("item_type")
    @classmethod
    def _an_item_type(cls, value: str) -> str:
        return item_type(value)

    @model_validator(mode="after")
    def _has_values(self) -> Self:
        if not self.values and not self.expression:
            raise ValueError("`values` or `expression` must be set")
        return self


class ArrayInput(Input):
    """A list of values of one type."""

    item_type: str

    @field_validator("item_type")
    @classmethod
    def _an_item_type(cls, value: str) -> str:
        return item_type(value)


def item_type(value: str) -> str:
    """Check the type of a list's items. Raises: ValueError."""
    if value == "ARRAY":
        raise ValueError("`itemType` cannot be `ARRAY`")
    if value not in ITEM_TYPES:
        raise ValueError(f"`itemType` must be one of {', '.join(ITEM_TYPES)}, not `{value}`")
    return value


INPUT_TYPES: dict[str, type[Input]] = {
    "STRING": StringInput,
    "INT": IntInput,
    "FLOAT": FloatInput,
    "BOOLEAN": BooleanInput,
    "DATETIME": DateTimeInput,
    "DATE": DateInput,
    "TIME": TimeInput,
    "DURATION": DurationInput,
    "FILE": FileInput,
    "JSON": JsonInput,
    "YAML": YamlInput,
    "URI": UriInput,
    "EMAIL": EmailInput,
    "SELECT": SelectInput,
    "ENUM": EnumInput,
    "MULTISELECT": MultiselectInput,
    "ARRAY": ArrayInput,
    "SECRET": SecretInput,
}
"""Every type of input."""
