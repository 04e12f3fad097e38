"""Filters of dates, and `now`."""

from __future__ import annotations

import calendar
from datetime import timedelta
from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.frames import Frame
from thermik.expressions.java.dateformat import format_date
from thermik.expressions.java.datenames import locale_named
from thermik.expressions.java.dateparse import parse_date
from thermik.expressions.java.moments import Moment, Zone, moment_of, out_of_range, zone_named, zone_of_info
from thermik.expressions.registry import filter_, function
from thermik.expressions.services import port
from thermik.expressions.values import LONG_MAX, LONG_MIN, Long, describe, is_integer, is_long, is_text

_SMALL_UNITS = {
    "NANOS": 1,
    "MICROS": 10**3,
    "MILLIS": 10**6,
    "SECONDS": 10**9,
    "MINUTES": 60 * 10**9,
    "HOURS": 3600 * 10**9,
    "HALF_DAYS": 12 * 3600 * 10**9,
}
_DAYS = {"DAYS": 1, "WEEKS": 7}
_MONTHS = {"MONTHS": 1, "YEARS": 12, "DECADES": 120, "CENTURIES": 1200, "MILLENNIA": 12_000}


def zone_for(frame: Frame, name: Any) -> Zone:
    """The zone of a `timeZone` argument, else the default one."""
    if name is None:
        return zone_of_info(getattr(frame.services, "default_zone", None))
    return zone_named(_text(name, "timeZone"))


def _text(value: Any, name: str) -> str:
    if not is_text(value):
        raise ExpressionRuntimeError(f"The argument '{name}' of a date must be a text, not {describe(value)}")
    return str(value)


def moment_from(value: Any, zone: Zone, existing: Any) -> Moment:
    """A text or seconds since 1970 as a moment."""
    if is_integer(value) and is_long(value):  # Kestra casts to Long: a JSON integer below 2^31 is no date
        return Moment(int(value), 0, zone)
    if not is_text(value):
        raise ExpressionRuntimeError(f"{describe(value)} is no date: a text is needed, or seconds as a Long")
    return parse_date(value, zone, None if existing is None else _text(existing, "existingFormat"))


def _format(moment: Moment, zone: Zone, pattern: Any, locale: Any) -> str:
    names = locale_named(None if locale is None else _text(locale, "locale"))
    return format_date(moment.within(zone), "iso" if pattern is None else _text(pattern, "format"), names)


@filter_("date", "format", "timeZone", "existingFormat", "locale", framed=True)
def date(
    frame: Frame, value: Any, pattern: Any = None, zone: Any = None, existing: Any = None, locale: Any = None
) -> str:
    """Write a date in a format: a name (`iso`, `sql`, …) or a pattern of Java's DateTimeFormatter."""
    shown = zone_for(frame, zone)
    return _format(moment_from(value, shown, existing), shown, pattern, locale)


@filter_("dateAdd", "amount", "unit", "format", "timeZone", "existingFormat", "locale", framed=True)
def date_add(frame: Frame, value: Any, *arguments: Any) -> str:
    """Move a date by some units of Java's ChronoUnit, in upper case: `d | dateAdd(-1, 'DAYS')`."""
    amount, unit, pattern, zone, existing, locale = arguments + (None,) * (6 - len(arguments))
    if not (is_integer(amount) and is_long(amount)):
        raise ExpressionRuntimeError(
            f"The argument 'amount' of 'dateAdd' must be an integer (Long), not {describe(amount)}"
        )
    shown = zone_for(frame, zone)
    later = plus(moment_from(value, shown, existing), int(amount), _text(unit, "unit"))
    return _format(later, shown, pattern, locale)


def plus(moment: Moment, amount: int, unit: str) -> Moment:
    """A moment some units later; days and months are the calendar's in the moment's own zone."""
    if unit in _SMALL_UNITS:  # of the time line: an hour is an hour, also where clocks are set
        seconds, nanos = divmod(moment.seconds * 10**9 + moment.nanos + amount * _SMALL_UNITS[unit], 10**9)
        return Moment(seconds, nanos, moment.zone)
    if unit not in _DAYS and unit not in _MONTHS:
        raise ExpressionRuntimeError(
            f"The unit '{unit}' of 'dateAdd' is not one of {', '.join((*_SMALL_UNITS, *_DAYS, *_MONTHS))}"
        )
    local = moment.local.replace(tzinfo=None)
    try:
        if unit in _DAYS:
            moved = local + timedelta(days=amount * _DAYS[unit])
        else:
            year, month = divmod(local.year * 12 + local.month - 1 + amount * _MONTHS[unit], 12)
            moved = local.replace(
                year=year, month=month + 1, day=min(local.day, calendar.monthrange(year, month + 1)[1])
            )
    except (OverflowError, ValueError) as error:
        raise out_of_range() from error
    return moment_of(moved, moment.nanos, moment.zone)


@filter_("timestamp", "timeZone", "existingFormat", framed=True)
def timestamp(frame: Frame, value: Any, zone: Any = None, existing: Any = None) -> int:
    """Seconds since 1970."""
    return Long(moment_from(value, zone_for(frame, zone), existing).seconds)


@filter_("timestampMilli", "timeZone", "existingFormat", framed=True)
def timestamp_milli(frame: Frame, value: Any, zone: Any = None, existing: Any = None) -> int:
    """Milliseconds since 1970."""
    moment = moment_from(value, zone_for(frame, zone), existing)
    return Long(moment.seconds * 1000 + moment.nanos // 10**6)


@filter_("timestampMicro", "timeZone", "existingFormat", framed=True)
def timestamp_micro(frame: Frame, value: Any, zone: Any = None, existing: Any = None) -> str:
    """Seconds since 1970 times 10⁹, plus the microseconds of the second: Kestra's quirk, kept."""
    moment = moment_from(value, zone_for(frame, zone), existing)
    return str(_long(moment.seconds * 10**9 + moment.nanos // 1000))


@filter_("timestampNano", "timeZone", "existingFormat", framed=True)
def timestamp_nano(frame: Frame, value: Any, zone: Any = None, existing: Any = None) -> str:
    """Nanoseconds since 1970."""
    moment = moment_from(value, zone_for(frame, zone), existing)
    return str(_long(moment.seconds * 10**9 + moment.nanos))


def _long(number: int) -> int:
    if not LONG_MIN <= number <= LONG_MAX:
        raise out_of_range()
    return number


@function("now", "format", "timeZone", "existingFormat", "locale", framed=True)
def now(frame: Frame, pattern: Any = None, zone: Any = None, _: Any = None, locale: Any = None) -> str:
    """The current date and time as text, formatted as by the filter `date`."""
    shown = zone_for(frame, zone)
    current = port(frame.services, "now", "now")()
    seconds, nanos = int(current.replace(microsecond=0).timestamp()), current.microsecond * 1000
    return _format(Moment(seconds, nanos, shown), shown, pattern, locale)
