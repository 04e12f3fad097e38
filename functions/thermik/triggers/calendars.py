"""The dates of a trigger, forwards and backwards from a moment: pure functions of its cron or its list of dates.

Cron expressions speak of local time, so days on which clocks change need care: a time that is skipped has no date;
one that comes twice has one, the first, unless the hour is a wildcard, which has both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Protocol

from thermik.flows.temporal import read_instant
from thermik.triggers.cron import Cron, parse_cron
from thermik.triggers.models import Schedule, ScheduleOnDates, Timed
from thermik.triggers.zones import zone as zone_of

HORIZON = timedelta(days=3660)
"""How far dates are looked for: ten years."""

DAY = timedelta(days=1)


class Calendar(Protocol):
    """Some dates, in a time zone."""

    @property
    def zone(self) -> tzinfo:
        """The zone that the dates are in."""
        ...

    def after(self, moment: datetime) -> Iterator[datetime]:
        """The dates later than a moment, in order, within the horizon."""
        ...

    def before(self, moment: datetime) -> Iterator[datetime]:
        """The dates earlier than a moment, latest first, within the horizon."""
        ...


def calendar_of(trigger: Timed, default: tzinfo) -> Calendar:
    """The dates of a trigger.

    Args:
        default: the zone of a trigger that names none.
    """
    zone = zone_of(trigger.timezone) if trigger.timezone else default
    if isinstance(trigger, Schedule):
        return CronDates(parse_cron(trigger.cron, with_seconds=trigger.with_seconds), zone)
    if isinstance(trigger, ScheduleOnDates):
        return ListedDates(tuple(sorted(read_instant(each).astimezone(zone) for each in trigger.dates)), zone)
    raise TypeError(f"{trigger.type} has no dates")


@dataclass(frozen=True, slots=True)
class ListedDates:
    """Dates that were listed, in order."""

    dates: tuple[datetime, ...]
    zone: tzinfo

    def after(self, moment: datetime) -> Iterator[datetime]:
        """See `Calendar`."""
        return (each for each in self.dates if each > moment)

    def before(self, moment: datetime) -> Iterator[datetime]:
        """See `Calendar`."""
        return (each for each in reversed(self.dates) if each < moment)


@dataclass(frozen=True, slots=True)
class CronDates:
    """The dates of a cron expression in a zone."""

    cron: Cron
    zone: tzinfo

    def after(self, moment: datetime) -> Iterator[datetime]:
        """See `Calendar`."""
        local = moment.astimezone(self.zone)
        for number in range(HORIZON.days):
            day = local.date() + number * DAY
            if self._has(day):
                known = local.time() if number == 0 else None
                yield from (each for each in self._of(day, known, backwards=False) if each > moment)

    def before(self, moment: datetime) -> Iterator[datetime]:
        """See `Calendar`."""
        local = moment.astimezone(self.zone)
        for number in range(HORIZON.days):
            day = local.date() - number * DAY
            if self._has(day):
                known = local.time() if number == 0 else None
                yield from (each for each in self._of(day, known, backwards=True) if each < moment)

    def _has(self, day: date) -> bool:
        """Whether a day may have dates: with day and weekday both restricted, either counts."""
        cron = self.cron
        if day.month not in cron.months:
            return False
        by_day, by_weekday = day.day in cron.days, day.isoweekday() % 7 in cron.weekdays
        if cron.any_day or cron.any_weekday:
            return by_day and by_weekday
        return by_day or by_weekday

    def _of(self, day: date, known: time | None, *, backwards: bool) -> Iterator[datetime]:
        """The dates of a day; where clocks do not change, those on one side of a time need not be looked at."""
        midnight = datetime.combine(day, time(), self.zone)
        if midnight.utcoffset() == (midnight + DAY).utcoffset():
            for each in self._times(known, backwards=backwards):
                yield datetime.combine(day, each, self.zone)
            return
        dates = (found for each in self._times(None, backwards=False) for found in self._instants(day, each))
        yield from sorted(dates, key=lambda each: each.astimezone(UTC), reverse=backwards)

    def _instants(self, day: date, local: time) -> Iterator[datetime]:
        """When a local time is, on a day on which clocks change: never, once, or twice."""
        first = datetime.combine(day, local, self.zone)
        second = first.replace(fold=1)
        if first.astimezone(UTC).astimezone(self.zone).replace(tzinfo=None) != first.replace(tzinfo=None):
            return
        yield first
        if self.cron.any_hour and first.utcoffset() != second.utcoffset():
            yield second

    def _times(self, known: time | None, *, backwards: bool) -> Iterator[time]:
        """The times of day, in order; not those that lie on the wrong side of the known one."""

        def ordered(values: frozenset[int]) -> list[int]:
            return sorted(values, reverse=backwards)

        def is_past(*part: int) -> bool:
            if known is None:
                return False
            same = (known.hour, known.minute, known.second)[: len(part)]
            return part > same if backwards else part < same

        for hour in ordered(self.cron.hours):
            if is_past(hour):
                continue
            for minute in ordered(self.cron.minutes):
                if is_past(hour, minute):
                    continue
                for second in ordered(self.cron.seconds):
                    if not is_past(hour, minute, second):
                        yield time(hour, minute, second)
