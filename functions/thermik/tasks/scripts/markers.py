"""The lines by which a script talks to Kestra: `::{"outputs": {...}, "metrics": [...], "logs": [...]}::`.

Pure: a line in, what it says out. A line is a marker if it is that form from its first to its last character;
any other line is only printed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic.alias_generators import to_camel

from thermik.flows.dynamic import Duration
from thermik.tasks.runnable import Level

_MAX_TAGS = 50


class BadMarker(Exception):
    """The line has a marker's form, but not its content; the text says what is wrong."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel)


class Metric(_Part):
    """A Counter, whose value is a number, or a Timer, whose value is a duration (seconds, or ISO 8601 text)."""

    name: str = Field(min_length=1, max_length=250)
    type: Literal["counter", "timer"]
    value: Annotated[float, Field(allow_inf_nan=False)] | Duration
    tags: Mapping[str, str] = Field(default_factory=dict, max_length=_MAX_TAGS)

    @field_validator("value", mode="before")
    @classmethod
    def _no_boolean(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError("a boolean is no metric's value")  # noqa: TRY004 - pydantic collects ValueError only
        return value

    @field_validator("tags", mode="before")
    @classmethod
    def _texts(cls, tags: Any) -> Any:
        """Scalars as texts; a missing map is an empty one."""
        if isinstance(tags, Mapping):
            return {key: value if isinstance(value, str) else json.dumps(value) for key, value in tags.items()}
        return {} if tags is None else tags

    @model_validator(mode="after")
    def _fits(self) -> Metric:
        if self.type == "timer":
            try:
                _ = self.duration
            except OverflowError as error:
                raise ValueError("too long a duration") from error
        return self

    @property
    def count(self) -> float:
        """The value as a number (of seconds, for a duration)."""
        return self.value.total_seconds() if isinstance(self.value, timedelta) else self.value

    @property
    def duration(self) -> timedelta:
        """The value as a duration (a number is seconds)."""
        return self.value if isinstance(self.value, timedelta) else timedelta(seconds=self.value)


class LogLine(_Part):
    """An entry that the script wants logged at a level of its own."""

    level: Level = Level.INFO
    message: str = ""


class Marker(_Part):
    """What a line said. Other keys (a newer Kestra's `assets`) are no concern of a task run and left out."""

    outputs: Mapping[str, Any] = Field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()
    logs: tuple[LogLine, ...] = ()

    @field_validator("outputs", "metrics", "logs", mode="before")
    @classmethod
    def _null_is_nothing(cls, value: Any, info: ValidationInfo) -> Any:
        return ({} if info.field_name == "outputs" else ()) if value is None else value


def read_marker(line: str) -> Marker | None:
    """What the line says, or None for a line that is no marker.

    Raises:
        BadMarker: it begins and ends like one, but is no JSON object of that shape.
    """
    if not (line.startswith("::{") and line.endswith("}::")):
        return None
    try:
        return Marker.model_validate(json.loads(line[2:-2], parse_constant=_refuse))
    except ValidationError as error:
        first = error.errors()[0]
        raise BadMarker(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise BadMarker(str(error)) from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")
