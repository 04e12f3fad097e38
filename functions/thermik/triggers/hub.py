"""All that happens by itself, in one place: told of executions that change and of flows that are saved.

Most executions concern no trigger, and most processes never meet one: what deals with them is imported when needed,
so that a worker starts without it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from thermik.clock import Clock
from thermik.executions.model import Execution
from thermik.executions.repository import Hearing
from thermik.flows import keys
from thermik.storage import schema
from thermik.storage.table import Index, Table, Write
from thermik.triggers.listeners import Listeners
from thermik.worker.ports import Ports

if TYPE_CHECKING:
    from thermik.triggers.listening import FlowTriggers
    from thermik.triggers.scheduling import Schedules
    from thermik.triggers.timetable import Timetable
    from thermik.triggers.upkeep import Upkeep

TIMED_TYPES = frozenset(
    f"{prefix}.{name}"
    for prefix in ("io.kestra.plugin.core.trigger", "io.kestra.core.models.triggers.types")
    for name in ("Schedule", "ScheduleOnDates")
)
"""Types of triggers with dates, old names too."""

_operator = logging.getLogger(__name__)


class TriggerHub:
    """Implements `thermik.executions.repository.Observer`.

    Args:
        ports, timetable: given as functions: they are made later, the first from what this observes.
        keep: how long the list of flows that listen is taken for true.
        tends: start what is due when a trigger is freed, in a process that has nobody else to do so.
    """

    def __init__(
        self,
        table: Table,
        clock: Clock,
        ports: Callable[[], Ports],
        timetable: Callable[[], Timetable],
        *,
        keep: timedelta = timedelta(),
        tends: bool = False,
    ) -> None:
        self._table = table
        self._clock = clock
        self._ports = ports
        self._timetable = timetable
        self._tends = tends
        self._listeners = Listeners(table, clock, keep)

    @cached_property
    def flow_triggers(self) -> FlowTriggers:
        """What starts flows that listen."""
        from thermik.triggers.listening import FlowTriggers

        return FlowTriggers(self._table, self._clock, self._ports, self._listeners)

    @cached_property
    def schedules(self) -> Schedules:
        """The triggers with dates."""
        from thermik.triggers.scheduling import Schedules

        return Schedules(self._table, self._clock, self._ports, self._timetable())

    @cached_property
    def upkeep(self) -> Upkeep:
        """What is done now and then."""
        from thermik.triggers.upkeep import Upkeep

        return Upkeep(self._table, self.schedules, self.flow_triggers)

    def flow_changed(self, namespace: str, flow_id: str) -> None:
        """A flow was saved or deleted: who listens is asked anew; dates are dealt with if it has some, or had."""
        self._listeners.forget()
        states = schema.triggers_partition(namespace, flow_id)
        latest = self._table.get([keys.latest(namespace, flow_id)])[0]
        if (latest and Index.FOURTH in latest.indexes) or self._table.query(states, limit=1).records:
            self.schedules.flow_changed(namespace, flow_id)

    def switch(self, namespace: str, flow_id: str, trigger_id: str, enabled: bool) -> bool:
        """Switch a trigger with dates on or off; whether there is one.

        Raises:
            TableUnavailable, TimetableUnavailable, Conflict.
        """
        from thermik.triggers.states import Name

        return self.schedules.switch(Name(namespace, flow_id, trigger_id), disabled=not enabled) is not None

    def hear(self, execution: Execution) -> Hearing | None:
        """See `Observer`."""
        heard: list[Hearing] = []
        if self._listeners.all() and (hearing := self.flow_triggers.hear(execution)) is not None:
            heard.append(hearing)
        if execution.state.is_terminal and execution.trigger and execution.trigger.type in TIMED_TYPES:
            heard.append(_Ended(self, execution))
        return _Several(heard) if heard else None

    def free(self, execution: Execution) -> None:
        """Free the trigger that waits for an execution; the upkeep finds one that could not be freed."""
        from thermik.triggers.states import Name

        if execution.trigger is None:
            return
        try:
            self.schedules.freed(execution)
            if self._tends:
                self.schedules.tend(Name(execution.namespace, execution.flow_id, execution.trigger.id))
        except Exception:  # noqa: BLE001 - the execution that ended has nothing to do with it
            _operator.exception("the trigger of execution %s could not be freed yet", execution.id)


@dataclass(frozen=True, slots=True)
class _Several:
    heard: Sequence[Hearing]

    @property
    def writes(self) -> Sequence[Write]:
        return [write for hearing in self.heard for write in hearing.writes]

    def tell(self) -> None:
        for hearing in self.heard:
            hearing.tell()


@dataclass(frozen=True, slots=True)
class _Ended:
    """An execution has ended that a trigger with dates waits for."""

    hub: TriggerHub
    execution: Execution

    @property
    def writes(self) -> Sequence[Write]:
        return ()

    def tell(self) -> None:
        self.hub.free(self.execution)
