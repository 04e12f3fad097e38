"""Ion text: written here, read by the amazon.ion library, which is imported on first use."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.limits import MAX_DATA_DEPTH, Meter, check_parsed, too_deep_data
from thermik.expressions.printing import bounded_join, java_double, java_float, java_text
from thermik.expressions.values import Entry, Float

_SYMBOL = re.compile(r"[a-zA-Z_$][a-zA-Z0-9_$]*")
_KEYWORDS = frozenset({"null", "true", "false", "nan"})
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
_MINUTES = 3  # the library's number for the precision of a timestamp with a time
_NEEDS_ESCAPE = re.compile(r'["\\\x00-\x1f]')


def to_ion(value: Any, depth: int = 0, meter: Meter | None = None) -> str:
    """Ion text, as compact as Kestra's."""
    meter = meter or Meter()
    meter.count()
    if depth > MAX_DATA_DEPTH:
        raise too_deep_data()
    if isinstance(value, str):
        return '"' + _NEEDS_ESCAPE.sub(_escape, value) + '"'
    if isinstance(value, float):
        return _float(value)
    if type(value) is Entry:
        return to_ion({value[0]: value[1]}, depth, meter)
    if isinstance(value, Mapping):
        pairs = (f"{_symbol(java_text(key))}:{to_ion(value[key], depth + 1, meter)}" for key in value)
        return "{" + bounded_join(",", pairs) + "}"
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return "[" + bounded_join(",", (to_ion(item, depth + 1, meter) for item in value)) + "]"
    return java_text(value)


def _escape(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[0]) or f"\\x{ord(found[0]):02x}"


def _symbol(name: str) -> str:
    if _SYMBOL.fullmatch(name) and name not in _KEYWORDS:
        return name
    return "'" + name.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _float(value: float) -> str:
    text = java_float(value) if isinstance(value, Float) else java_double(value)
    special = {"NaN": "nan", "Infinity": "+inf", "-Infinity": "-inf"}.get(text)
    return special or (text if "E" in text else text.removesuffix(".0") + "e0")


def read_ion(text: str) -> Any:
    """The first value of an Ion text, null if there is none.

    Raises:
        ExpressionRuntimeError: no Ion.
        LimitExceeded: nested too deeply, or too long.
    """
    return next(iter(_values(text, 1)), None)


def read_ion_rows(text: str) -> list[Any]:
    """Every value of an Ion text. Raises as `read_ion`."""
    return _values(text, None)


def _values(text: str, limit: int | None) -> list[Any]:
    """The first values of an Ion text, as many as the limit says."""
    from amazon.ion import simpleion  # type: ignore[import-untyped] # slow to import, rarely needed

    check_parsed(text, "Ion")
    try:
        values = simpleion.loads(text, single_value=False, parse_eagerly=False)
        return [_plain(value, 0) for value in islice(values, limit)]
    except RecursionError:
        raise too_deep_data() from None
    except (ValueError, TypeError, ArithmeticError, LookupError, AttributeError) as error:
        raise ExpressionRuntimeError(f"Invalid ion: {error}") from error
    except Exception as error:
        if type(error).__module__.startswith("amazon."):
            raise ExpressionRuntimeError(f"Invalid ion: {error}") from error
        raise


def _plain(value: Any, depth: int) -> Any:
    """An Ion value as one of the expression language's."""
    if depth > MAX_DATA_DEPTH:
        raise too_deep_data()
    if value is None or type(value).__name__ == "IonPyNull":
        return None
    if type(value).__name__ == "IonPyBool":
        return bool(value)
    if isinstance(value, Mapping):
        return {str(getattr(key, "text", key)): _plain(value[key], depth + 1) for key in value}
    if isinstance(value, (list, tuple)) and type(value).__name__ not in ("IonPySymbol", "SymbolToken"):
        return [_plain(item, depth + 1) for item in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, datetime):
        return _timestamp(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return Decimal(str(value)) if isinstance(value, Decimal) else str(getattr(value, "text", value))


def _timestamp(value: datetime) -> str:
    """The text of a timestamp: a date where that is all there is, else an instant."""
    precision = int(getattr(value, "precision", _MINUTES) or 0)
    if precision < _MINUTES:
        return f"{value:%Y-%m-%d}"
    if value.utcoffset():
        text = value.isoformat()
        return text.replace(":00-", "-").replace(":00+", "+") if not value.second and not value.microsecond else text
    return value.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
