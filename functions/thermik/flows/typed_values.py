"""From what was given to a value of an input's type: a function a type, and a table of them.

What is given is text (a form's field, a rendered expression) or a JSON value already. What results is what the
execution keeps: JSON values. A value that is none of its type raises ValueError with Kestra's reason.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from thermik.durations import parse_duration
from thermik.flows.problems import InvalidFlow
from thermik.flows.source import read_value
from thermik.flows.temporal import read_date, read_instant, read_time, seconds, stored_instant, stored_time

_INT = re.compile(r"[+-]?[0-9]{1,20}")  # no more digits than tell that it is too large
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fFdD]?")
_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1
_URI = re.compile(r"[a-z]+://(?:www\.)?[\w@:%.+~#=-]{1,256}\.[a-zA-Z0-9()]{1,6}\b[\w()@:%+.~#?&/=-]*", re.ASCII)
_EMAIL = re.compile(r"(?:[\w!#$%&'*+/=?`{|}~^.-]+@[a-zA-Z0-9.-]+)?", re.ASCII)
_FILE_SCHEMES = ("kestra://", "nsfile://")


def as_text(value: Any) -> str:
    """A value as a text input takes it: JSON for lists and maps, `true` for True."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _int(value: Any) -> int:
    text = as_text(value).strip()
    if isinstance(value, bool) or not _INT.fullmatch(text):
        raise ValueError(f'For input string: "{text}"')
    number = int(text)
    if not _INT_MIN <= number <= _INT_MAX:
        raise ValueError(f'For input string: "{text}": out of the range of 32 bits')
    return number


def _float(value: Any) -> float:
    text = as_text(value).strip()
    if isinstance(value, bool) or not _FLOAT.fullmatch(text):
        raise ValueError(f'For input string: "{text}"')
    return to_single(float(text.rstrip("fFdD")))


def to_single(number: float) -> float:
    """The number with a float's 32 bits, in the fewest digits that tell it. Raises: ValueError: it is too large."""
    try:
        packed = struct.pack("f", number)
    except OverflowError as error:
        raise ValueError("out of the range of a 32-bit float") from error
    [single] = struct.unpack("f", packed)
    if not math.isfinite(single):
        raise ValueError("out of the range of a 32-bit float")
    for digits in range(6, 10):
        short = float(f"{single:.{digits}g}")
        if struct.pack("f", short) == packed:
            return short
    return float(single)


def _boolean(value: Any) -> bool:
    return as_text(value).lower() == "true"


def _datetime(value: Any) -> str:
    return stored_instant(read_instant(as_text(value)))


def _date(value: Any) -> str:
    return read_date(as_text(value)).isoformat()


def _time(value: Any) -> str:
    return stored_time(read_time(as_text(value)))


def duration(value: Any) -> timedelta:
    """A duration from text or from a number of seconds, as executions keep it. Raises: ValueError."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return timedelta(seconds=value)
        except OverflowError as error:
            raise ValueError(f"{value} seconds are too long a duration") from error
    return parse_duration(as_text(value))


def _duration(value: Any) -> float:
    return seconds(duration(value))


def _json(value: Any) -> Any:
    return parse_json(value) if isinstance(value, str) else value


def parse_json(text: str) -> Any:
    """A JSON document. Raises: ValueError, also for what is nested too deeply, and for `NaN`, which no table holds."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _yaml(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return read_value(value)
    except InvalidFlow as invalid:
        raise ValueError(invalid.problems[0].message.removeprefix("Illegal flow yaml: ")) from invalid


def _uri(value: Any) -> str:
    text = as_text(value)
    if not _URI.fullmatch(text):
        raise ValueError("")  # Kestra gives no reason: `read_typed` says what was expected
    return text


def _email(value: Any) -> str:
    text = as_text(value)
    if not _EMAIL.fullmatch(text):
        raise ValueError("")
    return text


def _file(value: Any) -> str:
    text = as_text(value)
    if not text.startswith(_FILE_SCHEMES):
        raise ValueError("a file is an upload, or a URI that begins with kestra:// or nsfile://")
    return text


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "STRING": as_text,
    "SELECT": as_text,
    "ENUM": as_text,
    "SECRET": as_text,
    "INT": _int,
    "FLOAT": _float,
    "BOOLEAN": _boolean,
    "BOOL": _boolean,
    "DATETIME": _datetime,
    "DATE": _date,
    "TIME": _time,
    "DURATION": _duration,
    "JSON": _json,
    "YAML": _yaml,
    "URI": _uri,
    "EMAIL": _email,
    "FILE": _file,
}


def read_typed(kind: str, value: Any, *, item_type: str = "STRING") -> Any:
    """A value of a type, from what was given (never None).

    Args:
        kind: the type's name.
        item_type: of the items of an ARRAY or MULTISELECT.

    Raises:
        ValueError: it is none; the message is Kestra's reason.
    """
    if kind in ("ARRAY", "MULTISELECT"):
        return [_item(item_type, item) for item in read_list(kind, value)]
    try:
        return _READERS[kind](value)
    except ValueError as error:
        if kind == "EMAIL":
            raise ValueError("The input must be a valid email") from error
        detail = f" with errors: {error}" if str(error) else ""
        raise ValueError(f"Expected `{kind}` but received `{as_text(value)}`{detail}") from error


def read_list(kind: str, value: Any) -> list[Any]:
    """A list, from JSON text or as it is; its items stay what they are. Raises: ValueError."""
    try:
        read = _json(value)
    except ValueError as error:
        raise ValueError(f"Expected `{kind}` but received `{value}` with errors: {error}") from error
    if not isinstance(read, list):
        raise ValueError(f"Expected `{kind}` but received `{as_text(value)}` with errors: it is no list")  # noqa: TRY004 - one error for all that is refused
    return read


def _item(kind: str, item: Any) -> Any:
    try:
        return read_typed(kind, item)
    except ValueError as error:
        raise ValueError(f"Unable to parse array element as `{kind}` on `{as_text(item)}`") from error


def received(value: Any) -> str:
    """What was given, as Kestra's messages show it."""
    return "null" if value is None else as_text(value)
