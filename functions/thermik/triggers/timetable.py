"""The port through which a trigger is woken at its next date: the laptop's own thread, or EventBridge Scheduler."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from thermik.triggers.states import Name


class Timetable(Protocol):
    """When which trigger is to be tended."""

    def put(self, name: Name, date: datetime) -> None:
        """Tend this trigger at this date, and at no other; soon where the date has passed. Repeatable.

        Raises:
            TimetableUnavailable.
        """
        ...

    def remove(self, name: Name) -> None:
        """Tend this trigger no more by itself; nothing happens where it is not there.

        Raises:
            TimetableUnavailable.
        """
        ...


class TimetableUnavailable(Exception):
    """It cannot be reached, or refuses; the next sweep tries again."""
