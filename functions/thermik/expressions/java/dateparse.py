"""Reading dates: ISO 8601 as `ZonedDateTime`, `LocalDateTime` and `LocalDate` do, and texts in Java's patterns."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.java.dateformat import NAMED_PATTERNS
from thermik.expressions.java.datenames import ENGLISH
from thermik.expressions.java.datepattern import Field, parse_date_pattern
from thermik.expressions.java.moments import Moment, Zone, moment_of, zone_named

MAX_DATE_TEXT = 200  # characters of a text that is read as a date
_ISO = re.compile(
    r"(?P<y>[0-9]{4})-(?P<M>[0-9]{2})-(?P<d>[0-9]{2})"
    r"(?:[Tt](?P<H>[0-9]{2}):(?P<m>[0-9]{2})(?::(?P<s>[0-9]{2})(?:\.(?P<S>[0-9]{1,9}))?)?"
    r"(?P<offset>[Zz]|[+-][0-9]{2}(?::[0-9]{2}(?::[0-9]{2})?)?)?(?:\[(?P<zone>[^\]]+)\])?)?"
)
_ISO_NAMES = frozenset({"iso_date_time", "iso_zoned_date_time", "iso_local_date_time"})
_READ_NAMES = {
    **NAMED_PATTERNS,
    "iso_date": "yyyy-MM-dd[XXXXX]",
    "iso_ordinal_date": "yyyy-DDD[XXXXX]",
    "rfc_1123_date_time": "EEE, d MMM yyyy HH:mm[:ss] z",
}
_NOT_READ = frozenset(
    {"iso_time", "iso_local_time", "iso_offset_time", "iso_instant", "iso_week_date", "full", "long", "medium", "short"}
)
# the regions that Java takes such texts for, where several zones have the abbreviation
_ABBREVIATIONS = {
    "EST": "America/New_York", "EDT": "America/New_York", "CST": "America/Chicago", "CDT": "America/Chicago",
    "MST": "America/Denver", "MDT": "America/Denver", "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles",
    "BST": "Europe/London", "CEST": "Europe/Paris", "JST": "Asia/Tokyo", "IST": "Asia/Kolkata",
}  # fmt: skip


def parse_date(text: str, zone: Zone, name_or_pattern: str | None = None) -> Moment:
    """The moment that a text tells; `zone` is that of texts without one.

    Raises:
        ExpressionRuntimeError: the text does not fit, or the format cannot be read.
    """
    if len(text) > MAX_DATE_TEXT:
        raise ExpressionRuntimeError(f"A text of more than {MAX_DATE_TEXT} characters is no date")
    if name_or_pattern is None or name_or_pattern in _ISO_NAMES:
        match = _ISO.fullmatch(text)
    else:
        if name_or_pattern in _NOT_READ:
            raise ExpressionRuntimeError(f"Dates cannot be read in the format '{name_or_pattern}'")
        match = _expression(_READ_NAMES.get(name_or_pattern, name_or_pattern)).fullmatch(text)
    if match is None:
        raise unreadable(text)
    return _resolve(text, {key: value for key, value in match.groupdict().items() if value is not None}, zone)


def unreadable(text: str, why: str = "") -> ExpressionRuntimeError:
    """The error of a text that is no date."""
    return ExpressionRuntimeError(f"Text '{text}' could not be parsed" + (f": {why}" if why else ""))


@lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(_parts(parse_date_pattern(pattern), set()))


def _parts(parts: Iterable[object], used: set[str]) -> str:
    made = []
    for part in parts:
        if isinstance(part, Field):
            made.append(_field(part, used))
        elif isinstance(part, str):
            made.append(re.escape(part))
        else:
            made.append(f"(?:{_parts(part, used)})?")  # type: ignore[arg-type]
    return "".join(made)


def _field(field: Field, used: set[str]) -> str:
    group, expression = _group(field)
    if group in used:
        raise ExpressionRuntimeError(f"The pattern letter {field.letter} stands twice in a date's pattern to read")
    used.add(group)
    return f"(?P<{group}>{expression})"


def _group(field: Field) -> tuple[str, str]:
    """The group that a field fills, and the expression that it matches."""
    letter, count = field.letter, field.count
    if letter in "yu":
        return ("yy", "[0-9]{2}") if count == 2 else ("y", "[0-9]{4}" if count >= 4 else "[0-9]{1,4}")
    if letter in "ML" and count >= 3:
        return ("MMM", _any_of(ENGLISH.short_months)) if count == 3 else ("MMMM", _any_of(ENGLISH.months))
    if letter == "E":
        return ("EEEE", _any_of(ENGLISH.days)) if count == 4 else ("EEE", _any_of(ENGLISH.short_days))
    if letter in "LMdHhKkmsD":
        name = "M" if letter == "L" else letter
        return (
            name,
            "[0-9]{1,3}" if letter == "D" and count == 1 else "[0-9]{1,2}" if count == 1 else f"[0-9]{{{count}}}",
        )
    fixed = {"S": ("S", f"[0-9]{{{count}}}"), "a": ("a", "AM|PM"), "G": ("G", "AD"), "n": ("n", "[0-9]{1,9}")}
    found = fixed.get(letter) or _zone_group(letter, count)
    if not found:
        raise ExpressionRuntimeError(f"The pattern letter {letter} is not supported in a date's pattern to read")
    return found


def _zone_group(letter: str, count: int) -> tuple[str, str] | None:
    if letter in "XxZ":
        offset = {
            1: "[+-][0-9]{2}(?:[0-9]{2})?",
            2: "[+-][0-9]{4}",
            3: "[+-][0-9]{2}:[0-9]{2}",
            5: "[+-][0-9]{2}:[0-9]{2}",
        }
        if letter == "Z":
            offset = {**dict.fromkeys((1, 2, 3), "[+-][0-9]{4}"), 5: "[+-][0-9]{2}:[0-9]{2}"}
        expression = offset.get(count)
        zero = "|Z" if letter == "X" or (letter, count) == ("Z", 5) else ""
        return ("offset", expression + zero) if expression else None
    if letter in "Vz":
        return "zone", r"[A-Za-z0-9_/+:-]+"
    return None


def _any_of(words: tuple[str, ...]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def _resolve(text: str, found: dict[str, str], zone: Zone) -> Moment:
    """The moment that the fields tell."""
    try:
        date = _date(text, found)
        hour, minute, second = _time(text, found)
    except ValueError as error:
        raise unreadable(text, str(error)) from error
    nanos = int(found["n"]) if "n" in found else int(found.get("S", "").ljust(9, "0") or 0)
    when = date + timedelta(hours=hour, minutes=minute, seconds=second)
    # a date without a time is midnight in the caller's zone, whatever offset stands behind it
    timed = any(letter in found for letter in "HhKk")
    if not timed or not ("offset" in found or "zone" in found):
        return moment_of(when, nanos, zone)
    return _in_own_zone(found, when, nanos)


def _in_own_zone(found: dict[str, str], when: datetime, nanos: int) -> Moment:
    named = zone_named(_ABBREVIATIONS.get(found["zone"], found["zone"])) if "zone" in found else None
    if "offset" not in found:
        return moment_of(when, nanos, named or zone_named("Z"))
    moment = moment_of(when, nanos, zone_named(found["offset"]))
    return moment.within(named) if named else moment  # of both, the offset tells which of two equal hours is meant


def _date(text: str, found: dict[str, str]) -> datetime:
    # two digits count from 2000: DateTimeFormatter's base, unlike SimpleDateFormat's sliding window
    year = int(found["y"]) if "y" in found else 2000 + int(found["yy"]) if "yy" in found else None
    if year is None or not year:
        raise ValueError("Unable to obtain LocalDate: there is no year")
    if "D" in found:
        day_of_year = int(found["D"])
        if not 1 <= day_of_year <= 365 + calendar.isleap(year):
            raise ValueError(f"Invalid value for DayOfYear: {day_of_year}")
        return datetime(year, 1, 1) + timedelta(days=day_of_year - 1)  # noqa: DTZ001 - local until its zone is known
    month, day = _month(found), int(found.get("d", 0))
    if not month or "d" not in found:
        raise ValueError("Unable to obtain LocalDate: a year, a month and a day are needed")
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        raise ValueError(f"Invalid date: month {month}, day {day}")
    last = calendar.monthrange(year, month)[1]
    # Java's ISO formatters are strict; one made of a pattern is smart and takes 31 April for the 30th
    if day > last and _ISO.fullmatch(text):
        raise ValueError(f"Invalid date: the month {month} has no day {day}")
    date = datetime(year, month, min(day, last))  # noqa: DTZ001 - local until its zone is known
    return _of_weekday(date, found)


def _of_weekday(date: datetime, found: dict[str, str]) -> datetime:
    for group, words in (("EEEE", ENGLISH.days), ("EEE", ENGLISH.short_days)):
        if group in found and words[date.weekday()] != found[group]:
            raise ValueError(f"Conflict found: {date:%Y-%m-%d} is no {found[group]}")
    return date


def _month(found: dict[str, str]) -> int:
    if "MMM" in found:
        return ENGLISH.short_months.index(found["MMM"]) + 1
    if "MMMM" in found:
        return ENGLISH.months.index(found["MMMM"]) + 1
    return int(found.get("M", 0))


def _time(text: str, found: dict[str, str]) -> tuple[int, int, int]:
    hour = _hour(found)
    minute, second = int(found.get("m", 0)), int(found.get("s", 0))
    if hour is None:
        if "m" in found or "s" in found:
            raise ValueError("Unable to obtain LocalTime: there is no hour")
        return 0, 0, 0
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"Invalid time in {text}")
    return hour, minute, second


def _hour(found: dict[str, str]) -> int | None:
    if "H" in found:
        return int(found["H"])
    if "k" in found:
        return int(found["k"]) % 24
    half = found.get("a")
    if "h" in found and half and 1 <= int(found["h"]) <= 12:
        return int(found["h"]) % 12 + 12 * (half == "PM")
    if "K" in found and half and int(found["K"]) <= 11:
        return int(found["K"]) + 12 * (half == "PM")
    if "h" in found or "K" in found:
        raise ValueError("Unable to obtain LocalTime: an hour of a half day needs AM or PM")
    return None
