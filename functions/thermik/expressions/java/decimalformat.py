"""Numbers in the patterns of Java's DecimalFormat, in the locale en: `#,##0.00`, `0.0%`, `000`, `0.00E0`."""

from __future__ import annotations

import decimal
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.limits import MAX_DIGITS

_SPECIAL = frozenset("0#,.")
_SCALES = {"%": 2, "‰": 3}
# wide enough for the longest number with the longest fraction; half even is DecimalFormat's default
_WIDE = decimal.Context(prec=3 * MAX_DIGITS, rounding=decimal.ROUND_HALF_EVEN)


@dataclass(frozen=True)
class Pattern:
    """A pattern taken apart."""

    prefix: str
    suffix: str
    negative_prefix: str
    negative_suffix: str
    least_whole: int
    least_fraction: int
    most_fraction: int
    group: int
    scale: int
    exponent: int
    """The fewest digits of the exponent, 0 without one."""


def format_number(value: Any, pattern: str) -> str:
    """A number in a pattern, rounded half to even.

    Raises:
        ExpressionRuntimeError: the pattern is none, or is not supported.
    """
    parts = parse_pattern(pattern)
    number = Decimal(value)
    if not number.is_finite():
        shown = "NaN" if number.is_nan() else "∞"
        return shown if number.is_nan() else _signed(parts, shown, negative=number < 0)
    number = number.scaleb(parts.scale, _WIDE)
    digits = _scientific(number, parts) if parts.exponent else _plain(number, parts)
    negative = number.is_signed() and (number != 0 or isinstance(value, float))  # only a double has a `-0`
    return _signed(parts, digits, negative=negative)


def _signed(parts: Pattern, digits: str, *, negative: bool) -> str:
    if negative:
        return parts.negative_prefix + digits + parts.negative_suffix
    return parts.prefix + digits + parts.suffix


def _plain(number: Decimal, parts: Pattern) -> str:
    rounded = abs(number).quantize(Decimal(1).scaleb(-parts.most_fraction), context=_WIDE)
    whole, _, fraction = format(rounded, "f").partition(".")
    fraction = fraction.rstrip("0").ljust(parts.least_fraction, "0")
    whole = whole.lstrip("0").rjust(parts.least_whole, "0")
    if not whole and not fraction:
        whole = "0"
    if parts.group:
        whole = _grouped(whole, parts.group)
    return f"{whole}.{fraction}" if fraction else whole


def _grouped(digits: str, size: int) -> str:
    head = len(digits) % size
    groups = ([digits[:head]] if head else []) + [digits[i : i + size] for i in range(head, len(digits), size)]
    return ",".join(groups)


def _scientific(number: Decimal, parts: Pattern) -> str:
    power = number.adjusted() - parts.least_whole + 1 if number else 0
    mantissa = abs(number).scaleb(-power, _WIDE).quantize(Decimal(1).scaleb(-parts.most_fraction), context=_WIDE)
    if mantissa.adjusted() >= parts.least_whole and number:
        power, mantissa = power + 1, mantissa.scaleb(-1, _WIDE)
    sign = "-" if power < 0 else ""
    return f"{_plain(mantissa, parts)}E{sign}{abs(power):0{parts.exponent}d}"


@lru_cache(maxsize=256)
def parse_pattern(pattern: str) -> Pattern:
    """Take a pattern apart."""
    if len(pattern) > MAX_DIGITS:
        raise ExpressionRuntimeError(f"A number's pattern has more than {MAX_DIGITS} characters")
    positive, negative = _subpatterns(pattern)
    prefix, digits, suffix, scale = _affixes(positive, pattern)
    negative_prefix, negative_suffix = f"-{prefix}", suffix
    if negative is not None:
        negative_prefix, _, negative_suffix, _ = _affixes(negative, pattern)
        if (negative_prefix, negative_suffix) == (prefix, suffix):
            negative_prefix = f"-{prefix}"
    return _numbered(digits, pattern, (prefix, suffix, negative_prefix, negative_suffix), scale)


def _subpatterns(pattern: str) -> tuple[str, str | None]:
    quoted = False
    for index, mark in enumerate(pattern):
        quoted ^= mark == "'"
        if mark == ";" and not quoted:
            return pattern[:index], pattern[index + 1 :] or None
    return pattern, None


def _affixes(part: str, pattern: str) -> tuple[str, str, str, int]:
    """What stands before the digits, the digits, what stands behind, and the power of ten of `%` or `‰`."""
    affixes, digits, index, quoted = ["", ""], "", 0, False
    scale = 0
    while index < len(part):
        mark = part[index]
        if mark == "'":
            doubled = part[index + 1 : index + 2] == "'"
            affixes[bool(digits)] += "'" if doubled else ""
            quoted ^= not doubled
            index += doubled
        elif quoted or not (mark in _SPECIAL or (mark == "E" and digits and not affixes[1])):
            scale = scale or (0 if quoted else _SCALES.get(mark, 0))
            affixes[bool(digits)] += "$" if mark == "¤" and not quoted else mark
        elif affixes[1]:
            raise _malformed(pattern)
        else:
            digits += mark
        index += 1
    if quoted:
        raise _malformed(pattern)
    return affixes[0], digits, affixes[1], scale


def _numbered(digits: str, pattern: str, affixes: tuple[str, str, str, str], scale: int) -> Pattern:
    mantissa, _, exponent = digits.partition("E")
    whole, _, fraction = mantissa.partition(".")
    plain = whole.replace(",", "")
    wrong = (
        "." in fraction or "," in fraction or "0#" in plain or "#0" in fraction or exponent.strip("0")
        or ("E" in digits and not exponent) or whole.endswith(",") or (not mantissa and digits)
    )  # fmt: skip
    if wrong:
        raise _malformed(pattern)
    if exponent and ("#" in plain or "," in whole):
        raise ExpressionRuntimeError(
            f"The number's pattern `{pattern}` is not supported: an exponent needs `0` before it"
        )
    group = len(whole.rpartition(",")[2]) if "," in whole else 0
    return Pattern(*affixes, plain.count("0"), fraction.count("0"), len(fraction), group, scale, len(exponent))


def _malformed(pattern: str) -> ExpressionRuntimeError:
    return ExpressionRuntimeError(f"Malformed pattern of a number: `{pattern}`")
