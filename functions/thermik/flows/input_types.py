"""A model for each type of input."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from thermik.expressions import ExpressionError
from thermik.flows import aliases
from thermik.flows.dynamic import Duration
from thermik.flows.inputs import ITEM_TYPES, Input
from thermik.flows.temporal import read_date, read_instant, read_time


def item_type(value: str) -> str:
    """Check the type of a list's items. Raises: ValueError."""
    if value == "ARRAY":
        raise ValueError("`itemType` cannot be `ARRAY`")
    if value not in ITEM_TYPES:
        raise ValueError(f"`itemType` must be one of {', '.join(ITEM_TYPES)}, not `{value}`")
    return value


ItemType = Annotated[str, AfterValidator(item_type)]


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


def _readable(read: Callable[[str], Any]) -> AfterValidator:
    """Leaves a text as it is that can be read."""

    def check(text: str) -> str:
        read(text)
        return text

    return AfterValidator(check)


Instant = Annotated[str, _readable(read_instant)]
Date = Annotated[str, _readable(read_date)]
TimeOfDay = Annotated[str, _readable(read_time)]


class DateTimeInput(Input):
    """An instant, with an offset."""

    after: Instant | None = None
    before: Instant | None = None


class DateInput(Input):
    """A date."""

    after: Date | None = None
    before: Date | None = None


class TimeInput(Input):
    """A time of day."""

    after: TimeOfDay | None = None
    before: TimeOfDay | None = None


class DurationInput(Input):
    """An ISO 8601 duration."""

    min: Duration | None = None
    max: Duration | None = None


def _ending(path: str) -> str:
    """A path's last dot and what follows, in small letters; nothing where there is none."""
    _, dot, ending = path.rpartition(".")
    return f"{dot}{ending}".lower()


class FileInput(Input):
    """A file that is uploaded, or a `kestra://` URI of one."""

    extension: str = ".upl"
    allowed_file_extensions: list[str] | None = Field(
        default=None, description="Only files whose names end so, whatever the case: `.csv`."
    )

    def accepts(self, path: str) -> bool:
        """Whether a file of this name, or at this path, may be given."""
        allowed = {each.lower() for each in self.allowed_file_extensions or ()}
        return not allowed or _ending(path) in allowed

    def stored_name(self, sent: str) -> str:
        """What a file that is accepted is called in the internal storage: what tells its kind stays."""
        return f"{self.id}{_ending(sent) if self.allowed_file_extensions else self.extension}"

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


class _Choice(Input):
    values: list[str] | None = None
    expression: str | None = Field(default=None, description="Renders to the list of values.")
    allow_custom_value: bool = False
    auto_select_first: bool = False

    @model_validator(mode="after")
    def _has_values(self) -> Self:
        if not self.values and not self.expression:
            raise ValueError("`values` or `expression` must be set")
        return self


class SelectInput(_Choice):
    """One of a list of values."""

    is_radio: bool = False


class EnumInput(Input):
    """One of a list of values: the old kind of SELECT."""

    values: list[str] = Field(min_length=1)


class MultiselectInput(_Choice):
    """Several of a list of values."""

    old_names: ClassVar[Mapping[str, str]] = aliases.MULTISELECT

    item_type: ItemType = "STRING"


class ArrayInput(Input):
    """A list of values of one type."""

    item_type: ItemType


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
