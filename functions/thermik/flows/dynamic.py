"""Properties that may be an expression: `Dynamic[int]` is an integer in the source, or a text that renders to one.

A plain value is validated when the flow is saved; an expression when the task runs, by the same type.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, Union

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, PlainSerializer, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

from thermik.durations import duration_text, parse_duration
from thermik.expressions import is_template

T = TypeVar("T")

_SECONDS = re.compile(r"[+-]?\d+(?:\.\d*)?")


def _read_duration(value: Any) -> Any:
    """ISO 8601 text or a number of seconds, as Kestra's durations may be written."""
    if isinstance(value, bool):  # an int to Python: `timeout: true` would be a second
        raise ValueError("a boolean is no duration")  # noqa: TRY004 - pydantic collects ValueError only
    if isinstance(value, str) and not _SECONDS.fullmatch(value):
        return parse_duration(value)
    try:
        return timedelta(seconds=float(value)) if isinstance(value, str | int | float) else value
    except OverflowError as error:
        raise ValueError(f"{value} seconds are too long a duration") from error


Duration = Annotated[
    timedelta,
    BeforeValidator(_read_duration),
    PlainSerializer(duration_text, return_type=str),
    WithJsonSchema({"type": ["string", "number"], "format": "duration", "examples": ["PT5M"]}),
]
"""A duration of the flow's source: `PT1M30S`, or seconds."""


class _MaybeExpression:
    """Accepts a text with an expression as it is, anything else by the wrapped type."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: Any, validate: core_schema.ValidatorFunctionWrapHandler) -> Any:
            return value if isinstance(value, str) and is_template(value) else validate(value)

        def write(value: Any, serialize: core_schema.SerializerFunctionWrapHandler) -> Any:
            return value if isinstance(value, str) else serialize(value)

        return core_schema.no_info_wrap_validator_function(
            read,
            handler(source),
            serialization=core_schema.wrap_serializer_function_ser_schema(write, schema=handler(source)),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [handler(schema), {"type": "string", "pattern": r"\{[{%]", "description": "An expression."}]}


if TYPE_CHECKING:
    Dynamic = Union[T, str]  # noqa: UP007 - a generic alias, which `T | str` is not
else:

    class Dynamic:
        """`Dynamic[T]`: a `T`, or a text with an expression that renders to one."""

        def __class_getitem__(cls, item: Any) -> Any:
            return Annotated[item, _MaybeExpression()]
