"""Cron expressions as Kestra's scheduler reads them: what is accepted, and the sets of values that each field means.

Five fields (minute, hour, day, month, weekday), or six with seconds first. Bounds are strict, ranges never wrap,
and there is no `L`, `W`, `#` or `?`. When a schedule is due next is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()


_FIELDS = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 7, _WEEKDAYS),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """What a cron expression means.

    Attributes:
        weekdays: 0 is Sunday, 6 Saturday.
        any_day: the day of month is `*`. any_weekday: the weekday is `*`. Where neither is, either may match.
        any_hour: the hour is `*` or begins so: it fires in both hours that a clock set back repeats.
    """

    seconds: frozenset[int]
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool
    any_hour: bool


def parse_cron(text: str, *, with_seconds: bool = False) -> Cron:
    """Read a cron expression.

    Raises:
        ValueError: it is none; the message says which field, and why.
    """
    wanted = 6 if with_seconds else 5
    fields = NICKNAMES.get(text.strip().lower(), text).split()
    if text.strip().lower() in NICKNAMES and with_seconds:
        fields.insert(0, "0")
    if len(fields) != wanted:
        raise ValueError(f"it has {len(fields)} parts, {wanted} are expected")
    if not with_seconds:
        fields.insert(0, "0")
    seconds, minutes, hours, days, months, weekdays = (
        _values(field, part) for field, part in zip(_FIELDS, fields, strict=True)
    )
    return Cron(
        seconds,
        minutes,
        hours,
        days,
        months,
        frozenset(day % 7 for day in weekdays),
        any_day=fields[3] == "*",
        any_weekday=fields[5] == "*",
        any_hour=fields[2].startswith("*"),
    )


def _values(field: _Field, text: str) -> frozenset[int]:
    values: set[int] = set()
    for part in text.split(","):
        values.update(_part(field, part))
    return frozenset(values)


def _part(field: _Field, text: str) -> range:
    """One item of a list: `*`, `a`, `a-b`, each with `/step`."""
    span, slash, step_text = text.partition("/")
    step = _number(field, step_text, 1, field.most) if slash else 1
    if span == "*":
        return range(field.least, field.most + 1, step)
    first_text, dash, last_text = span.partition("-")
    first = _number(field, first_text, field.least, field.most)
    if not dash:
        return range(first, field.most + 1, step) if slash else range(first, first + 1)
    last = _number(field, last_text, field.least, field.most)
    if last < first:
        raise ValueError(f"the {field.name} '{span}' is a range that ends before it begins")
    return range(first, last + 1, step)


def _number(field: _Field, text: str, least: int, most: int) -> int:
    if text.upper() in field.names:
        return field.names.index(text.upper()) + 1
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise ValueError(f"the {field.name} '{text}' is no number")
    number = int(text)
    if not least <= number <= most:
        raise ValueError(f"the {field.name} {number} is not within {least} and {most}")
    return number
