"""What every operation on executions needs, in one value."""

from __future__ import annotations

from dataclasses import dataclass

from thermik.clock import Clock
from thermik.executions.plans import Plans
from thermik.executions.repository import Executions
from thermik.machines.client import Machines


@dataclass(frozen=True, slots=True)
class Life:
    """The executions, what runs them, and the flows that they run."""

    executions: Executions
    machines: Machines
    plans: Plans
    clock: Clock
