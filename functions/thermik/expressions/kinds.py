"""The tests: `x is empty`, `n is even`."""

from __future__ import annotations

from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.filters.lists import is_empty
from thermik.expressions.formats.json_reader import read_json
from thermik.expressions.registry import test
from thermik.expressions.values import describe, is_integer, is_items, is_map, is_text


@test("empty")
def empty(value: Any) -> bool:
    """Null, a blank text, an empty list or map."""
    return is_empty(value)


@test("defined", lenient=True)
def defined(value: Any) -> bool:
    """There, and not null."""
    return value is not None


@test("null")
def null(value: Any) -> bool:
    """There, and null."""
    return value is None


@test("even")
def even(value: Any) -> bool:
    """An even integer."""
    return not _integer(value, "even") % 2


@test("odd")
def odd(value: Any) -> bool:
    """An odd integer."""
    return bool(_integer(value, "odd") % 2)


def _integer(value: Any, name: str) -> int:
    if value is None:
        raise ExpressionRuntimeError(f'Can not pass null value to "{name}" test.')
    if not is_integer(value):
        raise ExpressionRuntimeError(f'The "{name}" test needs an integer, not {describe(value)}')
    return int(value)


@test("map")
def map_(value: Any) -> bool:
    """A map."""
    return is_map(value)


@test("iterable")
def iterable(value: Any) -> bool:
    """A list."""
    return is_items(value)


@test("json")
def json_(value: Any) -> bool:
    """A text that can be read as JSON."""
    if not is_text(value):
        raise ExpressionRuntimeError(f'The "json" test needs a text, not {describe(value)}')
    try:
        read_json(value or "null")  # Jackson takes the empty text for a document without a value
    except ExpressionRuntimeError:
        return False
    return True
