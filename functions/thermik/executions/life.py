"""What every operation on executions needs, in one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from thermik.clock import Clock
from thermik.executions.model import Lease
from thermik.executions.plans import Plans
from thermik.executions.repository import Executions
from thermik.machines.client import Machines


def _nobody(_lease: Lease) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Life:
    """The executions, what runs them, and the flows that they run.

    Attributes:
        at_work: whether the holder of a lease may still work on its attempt; nobody, where there are no workers.
    """

    executions: Executions
    machines: Machines
    plans: Plans
    clock: Clock
    at_work: Callable[[Lease], bool] = _nobody
