"""Where a window of time lies: pure functions of the moment at which something is to be recorded in it.

Windows of a fixed length stand beside one another: one of 15 minutes with an advance of minus 5 begins at :10, :25,
:40 and :55.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from thermik.triggers.windows import TimeWindow, WindowType

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Window:
    """A window; what happens strictly between its ends is in it."""

    start: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        """Whether a moment is in it."""
        return self.start < moment < self.end


def window_at(spec: TimeWindow | None, moment: datetime, zone: tzinfo) -> Window | None:
    """The window that begins or lies at a moment; None where there is none (outside of daily times)."""
    spec = spec or TimeWindow()
    local = moment.astimezone(zone)
    match spec.type:
        case WindowType.DURATION_WINDOW:
            return _of_duration(spec.window or DAY, spec.window_advance or timedelta(), local)
        case WindowType.SLIDING_WINDOW:
            return Window(moment - MILLISECOND, moment + (spec.window or DAY))
        case WindowType.DAILY_TIME_DEADLINE:
            return _daily(local, time(0), _time(spec.deadline))
        case WindowType.DAILY_TIME_WINDOW:
            return _daily(local, _time(spec.start_time), _time(spec.end_time))


def _of_duration(length: timedelta, advance: timedelta, local: datetime) -> Window:
    start = _floored(local - advance, length) + advance
    return Window(start - MILLISECOND, start + length - MILLISECOND)


def _floored(local: datetime, length: timedelta) -> datetime:
    """The beginning of the day, the hour or the slice of the hour, as the length asks for."""
    if length >= DAY:
        return local.replace(hour=0, minute=0, second=0, microsecond=0)
    if length >= HOUR:
        return local.replace(minute=0, second=0, microsecond=0)
    if length >= MINUTE:
        minutes = length // MINUTE
        return local.replace(minute=local.minute // minutes * minutes, second=0, microsecond=0)
    return local


def _daily(local: datetime, start: time, end: time) -> Window | None:
    window = Window(
        datetime.combine(local.date(), start, start.tzinfo or local.tzinfo) - MILLISECOND,
        datetime.combine(local.date(), end, end.tzinfo or local.tzinfo),
    )
    return window if window.holds(local) else None


def _time(text: str | None) -> time:
    """A time of day; with `Z` in UTC, else in the window's zone. The model has checked it."""
    given = text or "00:00"
    return time.fromisoformat(given.removesuffix("Z")).replace(tzinfo=UTC if given.endswith("Z") else None)
