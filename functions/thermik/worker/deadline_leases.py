"""Leases of attempts on AWS: held until Lambda would end the invocation that took them.

Nobody can ask whether another invocation still lives; but none lives beyond its deadline. So after a crash an
attempt is taken for lost when its time is over, not before.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from thermik.clock import Clock
from thermik.executions.model import Lease
from thermik.identity import new_id

MAX_INVOCATION = timedelta(minutes=15)
"""Lambda's longest: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


class DeadlineLeases:
    """Leases whose holder is an invocation, by a random id. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def take(self, deadline: datetime | None) -> Lease:
        """A lease that runs out with the invocation."""
        return Lease(holder=new_id(), until=deadline or self._clock.now() + MAX_INVOCATION)

    def release(self, lease: Lease) -> None:
        """Nothing to do: what the attempt recorded has removed its lease."""

    def is_held(self, lease: Lease) -> bool:
        """Whether the invocation may still live."""
        return lease.until is None or self._clock.now() < lease.until
