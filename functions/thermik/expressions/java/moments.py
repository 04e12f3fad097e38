"""Instants in a zone, to the nanosecond, and Java's names of zones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from thermik.expressions.errors import ExpressionRuntimeError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OFFSET = re.compile(
    r"(?P<prefix>UTC|GMT|UT)?(?P<sign>[+-])(?P<hours>[0-9]{1,2})(?::?(?P<minutes>[0-9]{2}))?(?::?(?P<seconds>[0-9]{2}))?"
)
_NOT_IN_JAVA = frozenset({"EST", "MST", "HST", "localtime", "posixrules", "Factory"})  # of the tz data on a host
MAX_OFFSET_HOURS = 18  # ZoneOffset's


@dataclass(frozen=True)
class Zone:
    """A time zone: of a region, or a fixed offset; `region` is the name that `[…]` shows, empty for an offset."""

    info: tzinfo
    region: str

    @property
    def name(self) -> str:
        """The zone's name, or its offset."""
        return self.region or offset_text(self.info.utcoffset(None) or timedelta(), "Z", colon=True)


@dataclass(frozen=True)
class Moment:
    """An instant, in seconds since 1970 and nanoseconds, seen in a zone."""

    seconds: int
    nanos: int
    zone: Zone

    @property
    def local(self) -> datetime:
        """The date and time in the zone, whole seconds.

        Raises:
            ExpressionRuntimeError: outside the years that are supported.
        """
        try:
            return (_EPOCH + timedelta(seconds=self.seconds)).astimezone(self.zone.info)
        except (OverflowError, ValueError) as error:
            raise out_of_range() from error

    def within(self, zone: Zone) -> Moment:
        """The same instant in another zone."""
        return Moment(self.seconds, self.nanos, zone)

    @property
    def offset(self) -> timedelta:
        """The offset from UTC."""
        return self.local.utcoffset() or timedelta()


def out_of_range() -> ExpressionRuntimeError:
    """The error of a date that is too far away."""
    return ExpressionRuntimeError("The date is outside the years 1 to 9999, which are supported")


def moment_of(local: datetime, nanos: int, zone: Zone) -> Moment:
    """A local date and time in a zone; one that daylight saving skips moves on, of two equal ones it is the first."""
    try:
        instant = local.replace(tzinfo=zone.info, microsecond=0, fold=0).astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise out_of_range() from error
    return Moment((instant - _EPOCH) // timedelta(seconds=1), nanos, zone)


def zone_of_info(info: tzinfo | None) -> Zone:
    """The zone of a `tzinfo`, UTC where there is none."""
    if info is None or info is UTC:
        return zone_named("UTC")
    key = getattr(info, "key", None)
    return zone_named(key) if key else Zone(info, "")


@lru_cache(maxsize=256)
def zone_named(name: str) -> Zone:
    """A zone by Java's name: a region, `Z`, `+02:00`, `UTC+2`.

    Raises:
        ExpressionRuntimeError: no such zone.
    """
    if name in ("Z", "z"):
        return Zone(UTC, "")
    match = _OFFSET.fullmatch(name)
    if match:
        info = timezone(_offset(match, name))
        prefix = match["prefix"] or ""
        return Zone(info, prefix + offset_text(info.utcoffset(None), "", colon=True) if prefix else "")
    return _region(name)


def _offset(match: re.Match[str], name: str) -> timedelta:
    hours, minutes, seconds = (int(match[part] or 0) for part in ("hours", "minutes", "seconds"))
    if hours > MAX_OFFSET_HOURS or minutes > 59 or seconds > 59:
        raise ExpressionRuntimeError(f"Invalid ID for ZoneOffset: {name}")
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return -offset if match["sign"] == "-" else offset


def _region(name: str) -> Zone:
    from zoneinfo import ZoneInfo

    # the form first: ZoneInfo opens a file of this name, so no `..` and no leading slash gets there
    if name in _NOT_IN_JAVA or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*", name):
        raise ExpressionRuntimeError(f"Unknown time-zone ID: {name}")
    try:
        return Zone(ZoneInfo(name), name)
    except (KeyError, ValueError, OSError) as error:
        raise ExpressionRuntimeError(f"Unknown time-zone ID: {name}") from error


def offset_text(offset: timedelta, zero: str, *, colon: bool, minutes: bool | None = True) -> str:
    """`+02:00`, `+0200`, or `+02` where the minutes are 0 and not asked for; `zero` stands for no offset."""
    total = round(offset.total_seconds())
    if not total and zero:
        return zero
    sign, total = ("-" if total < 0 else "+"), abs(total)
    mark = ":" if colon else ""
    text = f"{sign}{total // 3600:02d}"
    if minutes or total % 3600 >= 60:
        text += f"{mark}{total % 3600 // 60:02d}"
    return text + (f"{mark}{total % 60:02d}" if total % 60 else "")
