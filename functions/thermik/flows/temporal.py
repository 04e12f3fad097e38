"""Dates and times as inputs and outputs of a flow are written: ISO 8601, read as strictly as Java does."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

Read = TypeVar("Read")

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?")


def read_instant(text: str) -> datetime:
    """An instant with its offset, in UTC. Raises: ValueError."""
    read = _read(text, _INSTANT, "an instant such as 2024-05-06T08:00:00Z", lambda: datetime.fromisoformat(text))
    try:
        return read.astimezone(UTC)
    except OverflowError as error:  # the first or the last hours of all years
        raise ValueError(f"Text '{text}' could not be parsed: {error}") from error


def read_date(text: str) -> date:
    """A date, `2024-05-06`. Raises: ValueError."""
    return _read(text, _DATE, "a date such as 2024-05-06", lambda: date.fromisoformat(text))


def read_time(text: str) -> time:
    """A time of day, `10:30` or `10:30:15.5`. Raises: ValueError."""
    return _read(text, _TIME, "a time of day such as 10:30:00", lambda: time.fromisoformat(text))


def _read(text: str, form: re.Pattern[str], what: str, read: Callable[[], Read]) -> Read:
    """What is read, if the text has the form: Python's readers take more than Java's (weeks, `20240506`, no colons)."""
    if not form.fullmatch(text):
        raise ValueError(f"Text '{text}' could not be parsed as {what}")
    try:
        return read()
    except ValueError as error:
        raise ValueError(f"Text '{text}' could not be parsed: {error}") from error


def java_instant(instant: datetime) -> str:
    """As Java prints an instant: no decimals, or three, or six. `2024-05-06T08:00:00Z`."""
    text = instant.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()
    return f"{text}{_decimals(instant.microsecond)}Z"


def stored_instant(instant: datetime) -> str:
    """As inputs keep an instant: three decimals exactly, finer ones cut off. `2024-05-06T08:00:00.000Z`."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def java_time(value: time) -> str:
    """As Java prints a time of day: no seconds where they are zero. `10:30`."""
    if value.second == 0 and value.microsecond == 0:
        return value.isoformat(timespec="minutes")
    return value.replace(microsecond=0).isoformat() + _decimals(value.microsecond)


def stored_time(value: time) -> str:
    """As inputs keep a time of day: with seconds, decimals where there are any. `10:30:00`."""
    return value.replace(microsecond=0).isoformat() + _decimals(value.microsecond)


def seconds(duration: timedelta) -> float:
    """As inputs keep a duration."""
    return duration.total_seconds()


def _decimals(micros: int) -> str:
    if micros == 0:
        return ""
    return f".{micros // 1000:03d}" if micros % 1000 == 0 else f".{micros:06d}"
