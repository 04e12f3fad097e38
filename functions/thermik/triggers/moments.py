"""Dates and times of day as conditions have them: whatever a text renders to, with or without a time and an offset."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_ZONE_ID = re.compile(r"\[[^\]]*\]$")


def read_moment(text: str, zone: tzinfo = UTC) -> datetime:
    """A date, a date-time or a zoned date-time; where it names no offset, in this zone.

    Raises:
        ValueError: the text is none of them.
    """
    plain = _ZONE_ID.sub("", text.strip())
    try:
        found = datetime.fromisoformat(plain)
    except ValueError:
        raise ValueError(f"'{text}' is no date such as 2024-05-06 or 2024-05-06T08:00:00Z") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)


def read_day(text: str) -> date:
    """The local date of a text. Raises: ValueError."""
    return read_moment(text).date()


def read_offset_time(text: str) -> timedelta:
    """A time of day with its offset, as the time since midnight UTC (it may be negative). Raises: ValueError."""
    try:
        found = time.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"'{text}' is no time of day such as 08:00:00Z") from None
    if found.tzinfo is None:
        raise ValueError(f"'{text}' has no offset: write 08:00:00Z or 08:00:00+02:00")
    return _since_midnight(found) - (found.utcoffset() or timedelta())


def offset_time_of(moment: datetime) -> timedelta:
    """The time of day of a date, likewise."""
    return _since_midnight(moment.time()) - (moment.utcoffset() or timedelta())


def _since_midnight(value: time) -> timedelta:
    return timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)
