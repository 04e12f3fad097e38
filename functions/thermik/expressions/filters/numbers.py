"""Filters of numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.java.decimalformat import format_number
from thermik.expressions.limits import MAX_DIGITS
from thermik.expressions.printing import java_double, java_float, java_text
from thermik.expressions.registry import filter_
from thermik.expressions.values import (
    INT_MAX,
    INT_MIN,
    LONG_MAX,
    LONG_MIN,
    BigInteger,
    Float,
    Long,
    class_name,
    describe,
    is_number,
    is_text,
)

_INTEGER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|#[0-9a-fA-F]+|[0-9]+)")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_FLOAT_DIGITS, _DOUBLE_DIGITS = 7, 16  # decimals that 32 and 64 bits hold surely


@filter_("abs", takes_null=True)
def absolute(value: Any) -> Any:
    """The number without its sign."""
    if not is_number(value):
        raise ExpressionRuntimeError(f"'abs' filter can only be applied to numbers. Actual type was: {describe(value)}")
    return type(value)(abs(value))


@filter_("numberFormat", "format")
def number_format(value: Any, pattern: Any = None) -> str:
    """A number in a pattern of Java's DecimalFormat: `1234.5 | numberFormat('#,##0.00')` is `1,234.50`."""
    if not is_number(value):
        raise ExpressionRuntimeError(
            f"'numberFormat' filter can only be applied to numbers. Actual type was: {describe(value)}"
        )
    return format_number(value, "#,##0.###" if pattern is None else java_text(pattern))


@filter_("className")
def java_class(value: Any) -> str:
    """The Java class that Kestra holds the value in."""
    return class_name(value)


@filter_("string")
def string(value: Any) -> str:
    """The value as a text, as `~` would print it."""
    return java_text(value)


@filter_("number", "type")
def number(value: Any, kind: Any = None) -> Any:
    """A text as a number: of a type (INT, FLOAT, LONG, DOUBLE, BIGDECIMAL, BIGINTEGER), or the smallest that fits."""
    if not is_text(value):
        raise ExpressionRuntimeError(
            f"'number' filter can only be applied to String. Actual type was: {describe(value)}"
        )
    if len(value) > MAX_DIGITS:
        raise ExpressionRuntimeError(f"A number has more than {MAX_DIGITS} digits")
    read = _READERS.get(java_text(kind).upper(), _smallest) if kind is not None else _smallest
    try:
        return read(value)
    except (ValueError, ArithmeticError) as error:
        raise ExpressionRuntimeError(f'"{value}" is not a valid number') from error


def _bits(lowest: int, highest: int, kind: Callable[[int], int]) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not _INTEGER.fullmatch(text):
            raise ValueError(text)
        found = _any_base(text)
        if not lowest <= found <= highest:
            raise ValueError(text)
        return kind(found)

    return read


def _double(text: str) -> float:
    digits = text.strip()
    if digits.lstrip("+-") in ("NaN", "Infinity") and len(digits) - len(digits.lstrip("+-")) <= 1:
        return float(digits.replace("Infinity", "inf"))
    if digits[-1:] in ("f", "F", "d", "D"):
        digits = digits[:-1]
    if not _DECIMAL.fullmatch(digits):
        raise ValueError(text)
    return float(digits)


def _big_decimal(text: str) -> Decimal:
    found = Decimal(text) if _DECIMAL.fullmatch(text) else Decimal("NaN")
    if not found.is_finite():
        raise ValueError(text)
    return found


def _smallest(text: str) -> Any:
    """As Apache Commons does: hexadecimal, octal, a suffix, else the smallest kind that loses nothing."""
    if _INTEGER.fullmatch(text):
        return _smallest_integer(_any_base(text))
    suffix, digits = text[-1:].lower(), text[:-1]
    if suffix == "l" and _INTEGER.fullmatch(digits):
        found = _any_base(digits)
        return Long(found) if LONG_MIN <= found <= LONG_MAX else BigInteger(found)
    if suffix in ("f", "d") and _DECIMAL.fullmatch(digits):
        return Float(float(digits)) if suffix == "f" else float(digits)
    return _smallest_decimal(text)


def _any_base(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-").replace("#", "0x")  # `#ff` and `010` are numbers to Java's `Integer.decode`
    if digits[:2].lower() == "0x":
        return sign * int(digits, 16)
    return sign * int(digits, 8 if len(digits) > 1 and digits.startswith("0") else 10)


def _smallest_integer(found: int) -> int:
    if INT_MIN <= found <= INT_MAX:
        return found
    return Long(found) if LONG_MIN <= found <= LONG_MAX else BigInteger(found)


def _smallest_decimal(text: str) -> Any:
    exact = _big_decimal(text)
    # Commons' NumberUtils.createNumber: a float if it reads as the double does, else a double, else all digits
    fraction = text.lower().partition("e")[0].partition(".")[2]
    single, double = Float(float(text)), float(text)
    holds = math.isfinite(double) and bool(double) == bool(exact)
    if holds and len(fraction) <= _FLOAT_DIGITS and java_float(single) == java_double(double):
        return single
    if holds and len(fraction) <= _DOUBLE_DIGITS and Decimal(repr(double)) == exact:
        return double
    return exact


_READERS: dict[str, Callable[[str], Any]] = {
    "INT": _bits(INT_MIN, INT_MAX, int),
    "LONG": _bits(LONG_MIN, LONG_MAX, Long),
    "FLOAT": lambda text: Float(_double(text)),
    "DOUBLE": _double,
    "BIGDECIMAL": _big_decimal,
    "BIGINTEGER": lambda text: BigInteger(int(text)),
}
