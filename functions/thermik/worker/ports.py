"""Everything that the worker needs from outside, chosen once by whoever starts it: a Lambda handler, or a laptop."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Protocol

from thermik.clock import Clock
from thermik.executions.large_outputs import LargeOutputs
from thermik.executions.life import Life
from thermik.executions.loop_values import KeptValues, LoopValues
from thermik.executions.model import Lease
from thermik.executions.plans import Plans
from thermik.executions.repository import Executions
from thermik.flows.encryption import Encryption
from thermik.storage.blobs import Blobs
from thermik.storage.table import Table


class Leases(Protocol):
    """Who works on an attempt: how a running one is told from a crashed one."""

    def take(self, deadline: datetime | None) -> Lease:
        """A lease of this process, for work that ends by the deadline."""
        ...

    def release(self, lease: Lease) -> None:
        """The work has ended, whatever was recorded of it."""
        ...

    def is_held(self, lease: Lease) -> bool:
        """Whether its holder may still be at work."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The worker's world.

    Attributes:
        variables: `envs` and `globals` of the installation, for expressions.
        encryption: of SECRET inputs and outputs; None where no key is set.
        secret: a secret's value by namespace and key; raises KeyError.
        zone: the zone of dates that name none.
        switch: switches a trigger with dates of a namespace's flow on (True) or off; whether there is such a trigger.
        kept_values: long lists of loops' values that this worker has read.
    """

    life: Life
    blobs: Blobs
    leases: Leases
    zone: tzinfo
    secret: Callable[[str, str], str]
    encryption: Encryption | None = None
    switch: Callable[[str, str, str, bool], bool] = lambda *_: False
    variables: Mapping[str, Any] = field(default_factory=dict)
    random: random.Random = field(default_factory=random.SystemRandom)
    kept_values: KeptValues = field(default_factory=KeptValues)

    @property
    def executions(self) -> Executions:
        """The executions of the table."""
        return self.life.executions

    @property
    def table(self) -> Table:
        """The table."""
        return self.life.executions.table

    @property
    def clock(self) -> Clock:
        """The clock."""
        return self.life.clock

    @property
    def plans(self) -> Plans:
        """The flows that executions run."""
        return self.life.plans

    @property
    def large_outputs(self) -> LargeOutputs:
        """Where large outputs are."""
        return LargeOutputs(self.blobs)

    @property
    def loop_values(self) -> LoopValues:
        """Where the values of loops are."""
        return LoopValues(self.blobs, self.kept_values)
