"""Dates and times as inputs and outputs of a flow are written: ISO 8601, read as strictly as Java does."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?")


def read_instant(text: str) -> datetime:
    """An instant with its offset, in UTC. Raises: ValueError."""
    if not _INSTANT.fullmatch(text):
        raise ValueError(f"Text '{text}' could not be parsed as an instant such as 2024-05-06T08:00:00Z")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"Text '{text}' could not be parsed: {error}") from error


def read_date(text: str) -> date:
    """A date, `2024-05-06`. Raises: ValueError."""
    if not _DATE.fullmatch(text):
        raise ValueError(f"Text '{text}' could not be parsed as a date such as 2024-05-06")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"Text '{text}' could not be parsed: {error}") from error


def read_time(text: str) -> time:
    """A time of day, `10:30` or `10:30:15.5`. Raises: ValueError."""
    if not _TIME.fullmatch(text):
        raise ValueError(f"Text '{text}' could not be parsed as a time of day such as 10:30:00")
    try:
        return time.fromisoformat(text)
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
