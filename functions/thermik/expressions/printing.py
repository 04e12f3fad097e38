"""How values become text: as `{{ }}` prints them, as `~` and `join` join them, and Java's way of writing numbers."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.limits import MAX_DATA_DEPTH, MAX_TEXT, Meter, too_deep_data, too_long
from thermik.expressions.values import Entry, Float, LoopState, TextArray, class_name

_CONTROL = re.compile(r"\\u00[01][0-9a-f]")
_LOWEST_PLAIN, _LOWEST_EXPONENT = 1e-3, 1e7  # where Java's Double.toString changes to an exponent


def java_double(number: float) -> str:
    """A double as Java prints it: `1.0`, `1.5E-4`, `1.23456789E7`, `Infinity`, `NaN`."""
    return java_decimal(float.__repr__(number), number)


def java_float(number: Float) -> str:
    """A 32-bit number as Java prints it: the fewest digits that give the same 32 bits."""
    bits = struct.pack("f", number)
    shortest = next(
        (text for text in (f"{float(number):.{digits}g}" for digits in range(1, 10)) if _same(text, bits)), ""
    )
    return java_decimal(shortest or float.__repr__(number), number)


def _same(text: str, bits: bytes) -> bool:
    try:
        return struct.pack("f", float(text)) == bits
    except OverflowError:
        return False


def java_decimal(text: str, number: float) -> str:
    """Rewrite Python's shortest digits of a number in Java's form."""
    if number != number:  # noqa: PLR0124 - the test for NaN
        return "NaN"
    if number in (float("inf"), float("-inf")):
        return "Infinity" if number > 0 else "-Infinity"
    size = abs(number)
    if (_LOWEST_PLAIN <= size < _LOWEST_EXPONENT or not size) and "e" not in text:
        return text if "." in text else text + ".0"
    sign, digits, exponent = Decimal(text).as_tuple()
    shown = "".join(map(str, digits)).rstrip("0") or "0"
    power = int(exponent) + len(digits) - 1
    minus = "-" if sign else ""
    if _LOWEST_PLAIN <= size < _LOWEST_EXPONENT:
        return minus + format(Decimal(text), "f") + ("" if int(exponent) < 0 else ".0")
    return f"{minus}{shown[0]}.{shown[1:] or '0'}E{power}"


def to_text(value: Any) -> str:
    """What `{{ value }}` prints: null prints nothing, maps and lists print as compact JSON."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is int:
        return str(value)
    printer = _PRINTERS.get(kind)
    return printer(value) if printer else _other_to_text(value)


def _other_to_text(value: Any) -> str:
    if isinstance(value, (Mapping, Sequence)) and not isinstance(value, (str, bytes)):
        return to_json(value)
    return java_text(value)


def java_text(value: Any, depth: int = 0, meter: Meter | None = None) -> str:
    """What Java's `toString` gives: `[1, a]`, `{a=1}`, `null`."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (int, float, Decimal)) or value is None:
        return _java_scalar(value)
    return _java_container(value, depth, meter or Meter())


def _java_scalar(value: float | Decimal | None) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, Decimal):
        return big_decimal_text(value)
    return java_float(value) if isinstance(value, Float) else java_double(value)


def big_decimal_text(number: Decimal) -> str:
    """A decimal of any size, in plain digits."""
    # `1E+999999999` in plain digits would be a gigabyte
    return format(number, "f") if abs(number.adjusted()) <= MAX_TEXT else str(number)


def _java_container(value: Any, depth: int, meter: Meter) -> str:
    meter.count()
    if depth > MAX_DATA_DEPTH:
        raise too_deep_data()

    def inner(item: Any) -> str:
        return java_text(item, depth + 1, meter)

    if type(value) is Entry:
        return f"{inner(value[0])}={inner(value[1])}"
    if type(value) is TextArray:
        return "[Ljava.lang.String;"
    if isinstance(value, Mapping):
        return "{" + bounded_join(", ", (f"{inner(key)}={inner(value[key])}" for key in value)) + "}"
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return "[" + bounded_join(", ", map(inner, value)) + "]"
    return class_name(value)


def bounded_join(separator: str, parts: Any) -> str:
    """Join texts, stopping as soon as they are too long together."""
    kept: list[str] = []
    room = MAX_TEXT
    for part in parts:
        room -= len(part) + len(separator)
        if room < 0:
            raise too_long()
        kept.append(part)
    return separator.join(kept)


def json_text(value: str) -> str:
    """A text as JSON, everything but quotes, backslashes and control characters unescaped."""
    encoded = encode_basestring(value)
    return _CONTROL.sub(lambda found: "\\u" + found[0][2:].upper(), encoded) if "\\u00" in encoded else encoded


def to_json(value: Any) -> str:
    """Compact JSON; null entries of maps are left out, null items of lists are kept.

    Raises:
        LimitExceeded: too long or nested too deeply.
    """
    writer = _JsonWriter()
    writer.write(value, 0)
    return "".join(writer.parts)


class _JsonWriter:
    """Writes JSON piece by piece, counting its size."""

    __slots__ = ("meter", "parts", "room")

    def __init__(self) -> None:
        self.meter = Meter()
        self.parts: list[str] = []
        self.room = MAX_TEXT

    def put(self, text: str) -> None:
        self.room -= len(text)
        if self.room < 0:
            raise too_long()
        self.parts.append(text)

    def write(self, value: Any, depth: int) -> None:
        self.meter.count()
        if isinstance(value, str):
            self.put(json_text(value))
        elif isinstance(value, (int, float, Decimal)) or value is None:
            self.put(json_scalar(value))
        else:
            self.write_container(value, depth + 1)

    def write_container(self, value: Any, depth: int) -> None:
        if depth > MAX_DATA_DEPTH:
            raise too_deep_data()
        if type(value) is Entry:
            self.write_pairs([(value[0], value[1])], depth)
        elif isinstance(value, Mapping):
            self.write_pairs(((key, value[key]) for key in value), depth)
        elif isinstance(value, Sequence) and not isinstance(value, bytes):
            self.write_items(value, depth)
        else:
            self.put(json_text(java_text(value)))

    def write_pairs(self, pairs: Any, depth: int) -> None:
        self.put("{")
        first = True
        for key, item in pairs:
            if item is None:
                continue  # Kestra's Jackson mapper leaves nulls out
            if key is None:
                raise ExpressionRuntimeError("A null key of a map cannot be written as JSON")
            self.put(("" if first else ",") + json_text(java_text(key)) + ":")
            first = False
            self.write(item, depth)
        self.put("}")

    def write_items(self, items: Sequence[Any], depth: int) -> None:
        self.put("[")
        for index, item in enumerate(items):
            if index:
                self.put(",")
            self.write(item, depth)
        self.put("]")


def json_scalar(value: Any) -> str:
    """A number, a boolean or null as JSON; what JSON has no number for becomes text."""
    text = java_text(value)
    return f'"{text}"' if text in ("NaN", "Infinity", "-Infinity") else text


_PRINTERS: dict[type, Callable[[Any], str]] = {
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "",
    float: java_double,
    dict: to_json,
    list: to_json,
    TextArray: to_json,
    Entry: java_text,  # these two are no collections to Pebble, which prints them by their `toString`
    LoopState: java_text,
}
