"""The laptop's scheduler: a thread that starts what is due. Several servers may run one on the same directory.

A date's execution is made once, whoever is first; so nothing has to be agreed on.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from typing import TYPE_CHECKING

from thermik.clock import Clock

if TYPE_CHECKING:  # `thermik run` of a flow without dates needs none of it
    from thermik.triggers.scheduling import Schedules
    from thermik.triggers.states import Name
    from thermik.triggers.upkeep import Upkeep

LOOK_SECONDS = 1.0
"""How long it sleeps at the most: another process may have saved a flow."""

UPKEEP_SECONDS = 5.0

_operator = logging.getLogger(__name__)


class Bell:
    """The timetable of a process: dates are in the table anyway, so it only wakes who looks at them."""

    def __init__(self) -> None:
        self.rung = threading.Event()

    def put(self, _name: Name, _date: datetime) -> None:
        """See `Timetable`."""
        self.rung.set()

    def remove(self, _name: Name) -> None:
        """See `Timetable`."""


class Scheduler:
    """The thread."""

    def __init__(self, schedules: Schedules, upkeep: Upkeep, bell: Bell, clock: Clock) -> None:
        self._schedules = schedules
        self._upkeep = upkeep
        self._bell = bell
        self._clock = clock
        self._ending = False
        self._kept_up: datetime | None = None
        self._thread = threading.Thread(target=self._serve, name="thermik-scheduler", daemon=True)

    def start(self) -> None:
        """Begin, with what was missed while nobody did this."""
        self._thread.start()

    def close(self) -> None:
        """End, once the date at hand is dealt with."""
        self._ending = True
        self._bell.rung.set()
        if self._thread.is_alive():
            self._thread.join()

    def _serve(self) -> None:
        recovered = False
        while not self._ending:
            self._bell.rung.clear()
            try:
                if not recovered:
                    self._schedules.recover()
                    recovered = True
                pause = self._round()
            except Exception:  # noqa: BLE001 - the next round tries again; the server goes on serving
                _operator.exception("the scheduler failed")
                pause = LOOK_SECONDS
            self._bell.rung.wait(pause)

    def _round(self) -> float:
        """Do what there is to do; seconds until there may be more."""
        now = self._clock.now()
        if self._kept_up is None or (now - self._kept_up).total_seconds() >= UPKEEP_SECONDS:
            self._upkeep.run()
            self._kept_up = now
        following = self._schedules.tend_all()
        if following is None:
            return LOOK_SECONDS
        return min(LOOK_SECONDS, max(0.0, (following - self._clock.now()).total_seconds()))
