"""Dates in Java's patterns, and in the named formats that Kestra knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.java.datenames import ENGLISH, Names, long_zone_name, short_zone_name
from thermik.expressions.java.datepattern import Field, parse_date_pattern
from thermik.expressions.java.moments import Moment, offset_text, zone_named

NAMED_PATTERNS = {
    "iso": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",  # Kestra's own, six decimals always: not Java's ISO_DATE_TIME
    "iso_sec": "yyyy-MM-dd'T'HH:mm:ssXXX",
    "sql": "yyyy-MM-dd HH:mm:ss.SSSSSS",
    "sql_seq": "yyyy-MM-dd HH:mm:ss",
    "iso_local_date": "yyyy-MM-dd",
    "iso_date": "yyyy-MM-ddXXXXX",
    "iso_ordinal_date": "yyyy-DDDXXXXX",
}


def format_date(moment: Moment, name_or_pattern: str, names: Names) -> str:
    """A moment as text, by the name of a format or by a pattern.

    Raises:
        ExpressionRuntimeError: the pattern is none, or asks for what is not supported.
    """
    named = _NAMED.get(name_or_pattern)
    if named:
        return named(moment)
    pattern = NAMED_PATTERNS.get(name_or_pattern) or names.styles.get(name_or_pattern) or name_or_pattern
    return _written(moment, parse_date_pattern(pattern), names)


def _written(moment: Moment, parts: Iterable[object], names: Names) -> str:
    made = []
    for part in parts:
        if isinstance(part, Field):
            made.append(_FIELDS[part.letter](moment, part.count, names))
        else:
            made.append(part if isinstance(part, str) else _written(moment, part, names))  # type: ignore[arg-type]
    return "".join(made)


def _fraction(nanos: int) -> str:
    return f".{nanos:09d}".rstrip("0") if nanos else ""


def _local_time(moment: Moment) -> str:
    return f"{moment.local:%H:%M:%S}{_fraction(moment.nanos)}"


def _date(moment: Moment) -> str:
    return f"{moment.local.year:04d}-{moment.local:%m-%d}"


def _offset(moment: Moment) -> str:
    return offset_text(moment.offset, "Z", colon=True)


def _zoned(moment: Moment) -> str:
    region = f"[{moment.zone.region}]" if moment.zone.region else ""
    return f"{_date(moment)}T{_local_time(moment)}{_offset(moment)}{region}"


def instant(moment: Moment) -> str:
    """The instant in UTC, with 0, 3, 6 or 9 decimals."""
    utc = moment.within(zone_named("Z"))
    digits = f"{moment.nanos:09d}"
    while digits.endswith("000"):  # Java's ISO_INSTANT writes decimals three by three
        digits = digits[:-3]
    return f"{_date(utc)}T{utc.local:%H:%M:%S}{'.' + digits if digits else ''}Z"


def _week_date(moment: Moment) -> str:
    year, week, day = moment.local.isocalendar()
    return f"{year:04d}-W{week:02d}-{day}{_offset(moment)}"


def _rfc_1123(moment: Moment) -> str:
    local = moment.local
    # English whatever the locale, since the RFC has these words and no others
    day, month = ENGLISH.short_days[local.weekday()], ENGLISH.short_months[local.month - 1]
    return (
        f"{day}, {local.day} {month} {local.year:04d} {local:%H:%M:%S} {offset_text(moment.offset, 'GMT', colon=False)}"
    )


_NAMED: dict[str, Callable[[Moment], str]] = {
    "iso_date_time": _zoned,
    "iso_zoned_date_time": _zoned,
    "iso_local_date_time": lambda moment: f"{_date(moment)}T{_local_time(moment)}",
    "iso_local_time": _local_time,
    "iso_time": lambda moment: _local_time(moment) + _offset(moment),
    "iso_offset_time": lambda moment: _local_time(moment) + _offset(moment),
    "iso_instant": instant,
    "iso_week_date": _week_date,
    "rfc_1123_date_time": _rfc_1123,
}


def _year(year: int, count: int) -> str:
    return f"{year % 100:02d}" if count == 2 else f"{year:0{count}d}"


def _word(full: str, short: str, count: int) -> str:
    """A name by the number of letters: three short, four full, five one letter."""
    return {4: full, 5: full[0].upper()}.get(count, short)


def _month(moment: Moment, count: int, names: Names) -> str:
    number = moment.local.month
    if count < 3:
        return f"{number:0{count}d}"
    return _word(names.months[number - 1], names.short_months[number - 1], count)


def _quarter(moment: Moment, count: int, names: Names) -> str:
    number = (moment.local.month + 2) // 3
    if count < 3:
        return f"{number:0{count}d}"
    _only_english("a quarter's name", names)
    return {3: f"Q{number}", 4: f"{('1st', '2nd', '3rd', '4th')[number - 1]} quarter"}.get(count, str(number))


def _weekday(moment: Moment, count: int, names: Names) -> str:
    index = moment.local.weekday()
    return _word(names.days[index], names.short_days[index], count)


def _weekday_number(moment: Moment, count: int, names: Names) -> str:
    if count >= 3:
        return _weekday(moment, count, names)
    # the first day of the week is 1: Sunday in the United States, whose English this is, else Monday
    number = moment.local.isoweekday() % 7 + 1 if names is ENGLISH else moment.local.isoweekday()
    return f"{number:0{count}d}"


def _week(moment: Moment, names: Names) -> tuple[int, int]:
    """Year and week: in English weeks begin on Sunday and the first has 1 January, else they are ISO's."""
    local = moment.local
    if names is not ENGLISH:
        year, week, _ = local.isocalendar()
        return year, week
    sunday = local.date() - timedelta(days=local.isoweekday() % 7)
    year = (sunday + timedelta(days=6)).year
    first = local.date().replace(year=year, month=1, day=1)
    first_sunday = first - timedelta(days=first.isoweekday() % 7)
    return year, (sunday - first_sunday).days // 7 + 1


def _week_of_month(moment: Moment, _: int, names: Names) -> str:
    _only_english("the week of the month", names)
    first = moment.local.replace(day=1)
    return str((moment.local.day + first.isoweekday() % 7 - 1) // 7 + 1)


def _only_english(what: str, names: Names) -> None:
    if names is not ENGLISH:
        raise ExpressionRuntimeError(f"In a date's pattern, {what} is not supported in the locale '{names.language}'")


def _era(_: Moment, count: int, names: Names) -> str:
    _only_english("the era", names)
    return {4: "Anno Domini", 5: "A"}.get(count, "AD")


def _half(moment: Moment, _: int, names: Names) -> str:
    return names.halves[moment.local.hour >= 12]


def _day_period(moment: Moment, _: int, names: Names) -> str:
    _only_english("the period of the day", names)
    local = moment.local
    if local.minute == 0 and local.hour in (0, 12):
        return "noon" if local.hour else "midnight"
    for end, period in ((6, "at night"), (12, "in the morning"), (18, "in the afternoon"), (21, "in the evening")):
        if local.hour < end:
            return period
    return "at night"


def _zone_name(moment: Moment, count: int, names: Names) -> str:
    region = moment.zone.region
    if not region or "+" in region or "-" in region:  # an offset, `UTC+02:00`: it has no other name
        return moment.zone.name
    abbreviation = moment.local.tzname()
    if count < 4:
        return short_zone_name(region, abbreviation)
    _only_english("a time zone's name", names)
    return long_zone_name(region, abbreviation)


def _generic_zone_name(moment: Moment, count: int, names: Names) -> str:
    if moment.zone.region in ("UTC", "GMT"):
        return _zone_name(moment, count, names)
    raise ExpressionRuntimeError("The pattern letter v (a zone's generic name) is not supported, use z or VV")


def _gmt_offset(moment: Moment, count: int, _: Names) -> str:
    text = offset_text(moment.offset, "GMT", colon=True, minutes=count == 4)
    if text == "GMT":
        return text
    return "GMT" + (text if count == 4 else text[0] + text[1:].removeprefix("0"))


def _offset_letters(zero: bool) -> Callable[[Moment, int, Names], str]:
    def write(moment: Moment, count: int, _: Names) -> str:
        return offset_text(moment.offset, "Z" if zero else "", colon=count in (3, 5), minutes=count > 1)

    return write


def _offset_z(moment: Moment, count: int, names: Names) -> str:
    if count == 4:
        return _gmt_offset(moment, 4, names)
    return offset_text(moment.offset, "Z" if count == 5 else "", colon=count == 5)


def _padded(value: Callable[[Moment], int]) -> Callable[[Moment, int, Names], str]:
    return lambda moment, count, _: f"{value(moment):0{count}d}"


def _nanos_of_day(moment: Moment) -> int:
    local = moment.local
    return (local.hour * 3600 + local.minute * 60 + local.second) * 10**9 + moment.nanos


_FIELDS: dict[str, Callable[[Moment, int, Names], str]] = {
    "G": _era,
    "y": lambda moment, count, _: _year(moment.local.year, count),
    "u": lambda moment, count, _: _year(moment.local.year, count),
    "Y": lambda moment, count, names: _year(_week(moment, names)[0], count),
    "w": lambda moment, count, names: f"{_week(moment, names)[1]:0{count}d}",
    "W": _week_of_month,
    "F": lambda moment, _, __: str((moment.local.day - 1) // 7 + 1),
    "M": _month,
    "L": _month,
    "Q": _quarter,
    "q": _quarter,
    "D": _padded(lambda moment: moment.local.timetuple().tm_yday),
    "d": _padded(lambda moment: moment.local.day),
    "E": _weekday,
    "e": _weekday_number,
    "c": _weekday_number,
    "a": _half,
    "B": _day_period,
    "h": _padded(lambda moment: (moment.local.hour + 11) % 12 + 1),
    "H": _padded(lambda moment: moment.local.hour),
    "k": _padded(lambda moment: moment.local.hour or 24),
    "K": _padded(lambda moment: moment.local.hour % 12),
    "m": _padded(lambda moment: moment.local.minute),
    "s": _padded(lambda moment: moment.local.second),
    "S": lambda moment, count, _: f"{moment.nanos:09d}"[:count],
    "A": _padded(lambda moment: _nanos_of_day(moment) // 10**6),
    "n": _padded(lambda moment: moment.nanos),
    "N": _padded(_nanos_of_day),
    "z": _zone_name,
    "v": _generic_zone_name,
    "V": lambda moment, _, __: moment.zone.name,
    "O": _gmt_offset,
    "X": _offset_letters(zero=True),
    "x": _offset_letters(zero=False),
    "Z": _offset_z,
}
