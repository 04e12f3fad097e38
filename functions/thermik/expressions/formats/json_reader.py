"""Reading JSON as Kestra does: strict, the first document of the text, numbers as Java holds them."""

from __future__ import annotations

import json
from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.limits import MAX_DATA_DEPTH, MAX_DIGITS, too_deep_data

_BLANK = " \t\r\n"


def read_json(text: str, what: str = "json") -> Any:
    """The value of a JSON text; what follows the first document is ignored.

    Raises:
        ExpressionRuntimeError: no JSON.
        LimitExceeded: nested too deeply.
    """
    try:
        value, _ = _decoder.raw_decode(text.lstrip(_BLANK))
    except RecursionError:
        raise too_deep_data() from None
    except ValueError as error:
        raise ExpressionRuntimeError(f"Invalid {what}: {error}") from error
    return value


def check_depth(value: Any, depth: int = 0) -> Any:
    """The value itself, if it does not nest too deeply."""
    if depth > MAX_DATA_DEPTH:
        raise too_deep_data()
    if isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            if isinstance(item, (list, dict)):
                check_depth(item, depth + 1)
    return value


def _constant(name: str) -> Any:
    raise ValueError(f"Non-standard token '{name}'")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"A number has more than {MAX_DIGITS} digits")
    return int(digits)


_decoder = json.JSONDecoder(parse_constant=_constant, parse_int=_integer)
