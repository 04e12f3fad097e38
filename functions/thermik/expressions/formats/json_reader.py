"""Reading JSON as Kestra does: strict, the first document of the text, numbers as Java holds them."""

from __future__ import annotations

import json
import re
from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError, LimitExceeded
from thermik.expressions.limits import MAX_DIGITS, MAX_VALUES, too_deep_data

_BLANK = " \t\r\n"
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*+"')


def read_json(text: str, what: str = "json") -> Any:
    """The value of a JSON text; what follows the first document is ignored.

    Raises:
        ExpressionRuntimeError: no JSON.
        LimitExceeded: nested too deeply, or too many values.
    """
    document = text.lstrip(_BLANK)
    # counted before it is read: `[[],[],…` takes dozens of bytes of memory for each of its own
    if document.count(",") > MAX_VALUES and _TEXT.sub("", document).count(",") > MAX_VALUES:
        raise LimitExceeded(f"The JSON text has more than {MAX_VALUES} values")
    try:
        value, end = _decoder.raw_decode(document)
    except RecursionError:
        raise too_deep_data() from None
    except ValueError as error:
        raise ExpressionRuntimeError(f"Invalid {what}: {error}") from error
    # Jackson stops behind the first document, but must see where a bare number or word ends: `1x` is none, `{} x` is
    if not isinstance(value, (str, list, dict)) and not document[end : end + 1].strip(_BLANK) == "":
        raise ExpressionRuntimeError(f"Invalid {what}: Unexpected character '{document[end]}' after {document[:end]}")
    return value


def _constant(name: str) -> Any:
    raise ValueError(f"Non-standard token '{name}'")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"A number has more than {MAX_DIGITS} digits")
    return int(digits)


_decoder = json.JSONDecoder(parse_constant=_constant, parse_int=_integer)
