"""One source of time, so that tests can skip waits and every date is written in one form.

Dates in Thermik are aware and in UTC. Their text is Kestra's: ISO 8601, six decimals, `Z`.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time; a test's clock may be set."""

    def now(self) -> datetime:
        """The current instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock, never going backwards within one process.

    A state's history must be ordered even when NTP steps the clock back between two entries.
    """

    def __init__(self) -> None:
        self._wall_offset = time.time() - time.monotonic()

    def now(self) -> datetime:
        """The current instant: the wall clock at start plus the monotonic time since."""
        wall = time.time()
        steady = time.monotonic() + self._wall_offset
        if wall > steady:  # the wall clock was set forward, or the machine slept
            self._wall_offset += wall - steady
            steady = wall
        return datetime.fromtimestamp(steady, UTC)


def instant_text(instant: datetime) -> str:
    """The text of an instant: `2024-11-13T14:38:38.355668Z`."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant with an offset or `Z`.

    Raises:
        ValueError: the text is not a date-time, or has no offset.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC")
    return instant.astimezone(UTC)
