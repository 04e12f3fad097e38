"""Functions that ask a date for its place in the week, the month and the year, as it is written: in its own offset."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime
from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.filters.dates import moment_from, zone_for
from thermik.expressions.frames import Frame
from thermik.expressions.printing import java_text
from thermik.expressions.registry import function
from thermik.expressions.values import is_text

_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_WEEKS = {"FIRST": 0, "SECOND": 1, "THIRD": 2, "FOURTH": 3}
_LAST = "LAST"
_SATURDAY = 5


def _local(frame: Frame, name: str, date: Any) -> datetime:
    if not is_text(date):
        raise ExpressionRuntimeError(f"The '{name}' function expects an argument 'date' with a date as text.")
    return moment_from(date, zone_for(frame, None), None).local


@function("dayOfWeek", "date", required=1, framed=True)
def day_of_week(frame: Frame, date: Any) -> str:
    """The day of the week in English capitals: `MONDAY`."""
    return _DAYS[_local(frame, "dayOfWeek", date).weekday()]


@function("dayOfMonth", "date", required=1, framed=True)
def day_of_month(frame: Frame, date: Any) -> int:
    """The day of the month, from 1."""
    return _local(frame, "dayOfMonth", date).day


@function("monthOfYear", "date", required=1, framed=True)
def month_of_year(frame: Frame, date: Any) -> int:
    """The month, from 1 to 12."""
    return _local(frame, "monthOfYear", date).month


@function("hourOfDay", "date", required=1, framed=True)
def hour_of_day(frame: Frame, date: Any) -> int:
    """The hour of a date with a time, from 0 to 23."""
    hour = _local(frame, "hourOfDay", date).hour
    if "T" not in date:  # a date alone would be read as midnight
        raise ExpressionRuntimeError(f"The 'hourOfDay' function needs a time, '{date}' has none.")
    return hour


@function("isWeekend", "date", required=1, framed=True)
def is_weekend(frame: Frame, date: Any) -> bool:
    """Whether the date is a Saturday or a Sunday."""
    return _local(frame, "isWeekend", date).weekday() >= _SATURDAY


@function("isDayWeekInMonth", "date", "dayOfWeek", "position", required=3, framed=True)
def is_day_week_in_month(frame: Frame, date: Any, day: Any, position: Any) -> bool:
    """Whether the date is the FIRST, SECOND, THIRD, FOURTH or LAST of its weekday in its month."""
    local = _local(frame, "isDayWeekInMonth", date)
    day, position = _one_of(day, _DAYS, "dayOfWeek"), _one_of(position, (*_WEEKS, _LAST), "position")
    if local.weekday() != _DAYS.index(day):
        return False
    if position == _LAST:
        return local.day + len(_DAYS) > monthrange(local.year, local.month)[1]
    return (local.day - 1) // len(_DAYS) == _WEEKS[position]


def _one_of(value: Any, known: tuple[str, ...], argument: str) -> str:
    text = java_text(value).upper()
    if text not in known:
        raise ExpressionRuntimeError(f"The argument '{argument}' of 'isDayWeekInMonth' is one of {', '.join(known)}.")
    return text
