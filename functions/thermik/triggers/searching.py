"""Looking for the dates of a trigger that satisfy its conditions, with bounded effort.

A condition that hardly ever holds may have to be asked for millions of dates. After `MAX_EXAMINED` of them the
search stops at the last: it counts as the next one to look at, and the search goes on from there when it is due.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

MAX_EXAMINED = 50_000
"""Dates that one search asks about: seconds of work at the most."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where a search ended.

    Attributes:
        date: None where there are no more dates.
        satisfies: whether it is a date of the trigger, and not only the last that was asked about.
    """

    date: datetime | None
    satisfies: bool


def search(dates: Iterable[datetime], satisfies: Callable[[datetime], bool]) -> Found:
    """The first date that satisfies what is asked."""
    for number, date in enumerate(dates, 1):
        if satisfies(date):
            return Found(date, satisfies=True)
        if number == MAX_EXAMINED:
            return Found(date, satisfies=False)
    return Found(None, satisfies=False)


def first(dates: Iterable[datetime], satisfies: Callable[[datetime], bool]) -> datetime | None:
    """The first date that satisfies what is asked; None if there is none, or it lies too deep."""
    found = search(dates, satisfies)
    return found.date if found.satisfies else None


def offset_text(date: datetime) -> str:
    """A date with its offset, as Kestra writes it: `2021-08-02T12:00:00+02:00`."""
    return date.isoformat(timespec="seconds").replace("+00:00", "Z")
