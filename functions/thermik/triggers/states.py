"""What is known of each trigger with dates: when it is due next, which execution it waits for, who switched it off.

One item a trigger, changed by condition. It is in the index of what is due only while it can start something:
active in the flow's source, not switched off, and its last execution over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from thermik.clock import instant_text
from thermik.executions.state import Instant
from thermik.storage import schema
from thermik.storage.errors import Conflict
from thermik.storage.table import Delete, Index, Page, Put, Record, Table

PAGE = 500


@dataclass(frozen=True, slots=True)
class Name:
    """Which trigger of which flow."""

    namespace: str
    flow_id: str
    trigger_id: str


class Backfill(BaseModel):
    """Dates of the past for which executions are started, one after another.

    Attributes:
        current: the next of them. resume: when the trigger is due again afterwards.
    """

    model_config = ConfigDict(frozen=True)

    start: Instant
    end: Instant
    current: Instant | None = None
    paused: bool = False
    inputs: dict[str, Any] | None = None
    labels: tuple[Mapping[str, str], ...] = ()
    resume: Instant | None = None


class TriggerState(BaseModel):
    """A trigger's state.

    Attributes:
        revision: of the flow, when it was last looked at. definition: tells whether its dates changed since.
        active: neither flow nor trigger is disabled in the source. disabled: switched off by hand, or by `stopAfter`.
        next: when it is due. date: the last date that started an execution.
        execution: the one that it waits for: no other is started before it ends.
        concurrent: it waits for none.
    """

    model_config = ConfigDict(frozen=True)

    namespace: str
    flow_id: str
    trigger_id: str
    type: str
    revision: int
    definition: str
    active: bool
    disabled: bool = False
    next: Instant | None = None
    date: Instant | None = None
    execution: str | None = None
    updated: Instant
    evaluated: Instant | None = None
    stop_after: tuple[str, ...] = ()
    concurrent: bool = False
    backfill: Backfill | None = None

    @property
    def name(self) -> Name:
        """Whose state this is."""
        return Name(self.namespace, self.flow_id, self.trigger_id)

    @property
    def due(self) -> datetime | None:
        """When it is to start an execution; None where it is not to."""
        if not self.active or self.disabled or self.execution is not None:
            return None
        if self.backfill is not None and not self.backfill.paused and self.backfill.current is not None:
            return self.backfill.current
        return self.next if self.backfill is None or self.backfill.paused else None


@dataclass(frozen=True, slots=True)
class Known:
    """A state, and the version that a write of it must name."""

    state: TriggerState
    version: int = 0


class TriggerStates:
    """The states in a table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, name: Name) -> Known | None:
        """The state of a trigger; None where there is none."""
        [record] = self._table.get([_key(name)])
        return _known(record) if record else None

    def of_flow(self, namespace: str, flow_id: str) -> list[Known]:
        """The states of a flow's triggers, by id."""
        return [*self._every(schema.triggers_partition(namespace, flow_id))]

    def page(self, *, limit: int, cursor: str | None) -> Page:
        """Some of all states, by namespace, flow and trigger."""
        return self._table.query(schema.ALL_TRIGGERS, index=Index.SECOND, limit=limit, cursor=cursor)

    def every(self) -> Iterator[Known]:
        """All states, by namespace, flow and trigger."""
        return self._every(schema.ALL_TRIGGERS, Index.SECOND)

    def due(self, until: datetime) -> list[Known]:
        """Those that are due by then, earliest first; a page of them."""
        page = self._table.query(schema.DUE_TRIGGERS, index=Index.FOURTH, end=_until(until), limit=PAGE)
        return [_known(record) for record in page.records]

    def every_due(self, until: datetime) -> Iterator[Known]:
        """All of those."""
        return self._every(schema.DUE_TRIGGERS, Index.FOURTH, end=_until(until))

    def next_due(self) -> datetime | None:
        """When the next is due; None where none is."""
        page = self._table.query(schema.DUE_TRIGGERS, index=Index.FOURTH, limit=1)
        return _known(page.records[0]).state.due if page.records else None

    def waiting(self) -> Iterator[Known]:
        """Those that wait for an execution."""
        return self._every(schema.WAITING_TRIGGERS, Index.THIRD)

    def write(self, known: Known) -> Known | None:
        """Write a state over the version that was read; None if somebody else wrote it meanwhile."""
        state = known.state
        body = state.model_dump(mode="json", exclude_none=True)
        try:
            self._table.write(Put(Record(_key(state.name), body, known.version, _indexes(state))))
        except Conflict:
            return None
        return Known(state, known.version + 1)

    def delete(self, name: Name) -> None:
        """Forget a trigger."""
        self._table.write(Delete(_key(name)))

    def _every(self, partition: str, index: Index | None = None, *, end: str | None = None) -> Iterator[Known]:
        cursor: str | None = None
        while True:
            page = self._table.query(partition, index=index, end=end, limit=PAGE, cursor=cursor)
            yield from (_known(record) for record in page.records)
            cursor = page.cursor
            if cursor is None:
                return


def state_of(record: Record) -> TriggerState:
    """The state that an item holds."""
    return TriggerState.model_validate(record.body)


def _known(record: Record) -> Known:
    return Known(state_of(record), record.version)


def _key(name: Name) -> Any:
    return schema.trigger(name.namespace, name.flow_id, name.trigger_id)


def _until(date: datetime) -> str:
    """The last key of what is due by then."""
    return schema.due_key(instant_text(date), schema.PAST)


def _indexes(state: TriggerState) -> dict[Index, Any]:
    due = state.due
    return schema.trigger_indexes(
        state.namespace,
        state.flow_id,
        state.trigger_id,
        due=instant_text(due) if due else None,
        waits=state.execution is not None,
    )
