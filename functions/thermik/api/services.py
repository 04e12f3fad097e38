"""What the routes work with, chosen once by whoever serves them: the Lambda function, or the laptop's server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any

from thermik.clock import Clock
from thermik.executions.large_outputs import LargeOutputs
from thermik.executions.life import Life
from thermik.executions.repository import Executions
from thermik.flows.encryption import Encryption
from thermik.flows.repository import Flows
from thermik.storage.blobs import Blobs
from thermik.storage.key_values import KeyValueStore
from thermik.storage.table import Table
from thermik.worker.ports import Ports

if TYPE_CHECKING:  # what an API function that lists executions need not import
    from thermik.flows.schema import TaskCatalog, TriggerCatalog
    from thermik.triggers.hub import TriggerHub
    from thermik.triggers.scheduling import Schedules


@dataclass(frozen=True, slots=True)
class Services:
    """The API's world.

    Attributes:
        triggers: the types of triggers; None knows none.
        zone: of dates that name none.
        variables: `envs` and `globals` of the installation, for expressions.
        encryption: of SECRET inputs; None refuses them.
        ports: what the expressions of triggers are rendered with; None where there are no triggers.
        hub: what happens by itself, likewise.
    """

    life: Life
    flows: Flows
    types: TaskCatalog
    blobs: Blobs
    triggers: TriggerCatalog | None = None
    zone: tzinfo = UTC
    variables: Mapping[str, Any] = field(default_factory=dict)
    encryption: Encryption | None = None
    ports: Ports | None = None
    hub: TriggerHub | None = None

    @property
    def schedules(self) -> Schedules | None:
        """The triggers with dates; None where there are none."""
        return self.hub.schedules if self.hub is not None else None

    @property
    def executions(self) -> Executions:
        """The executions."""
        return self.life.executions

    @property
    def table(self) -> Table:
        """The table."""
        return self.life.executions.table

    @property
    def clock(self) -> Clock:
        """The source of time."""
        return self.life.clock

    @property
    def large_outputs(self) -> LargeOutputs:
        """Where large outputs are."""
        return LargeOutputs(self.blobs)

    @property
    def pairs(self) -> KeyValueStore:
        """The KV pairs."""
        return KeyValueStore(self.table, self.clock)

    def now(self) -> datetime:
        """The current instant."""
        return self.clock.now()
