"""Flow triggers: executions that change their state start executions of other flows.

Before a change is written, the flows that listen are looked up (`listeners.py`), and their
triggers asked what needs no rendering. Where none is concerned, that is all. Where one is, a note is written with the
change; afterwards the triggers are evaluated, and the note is removed. So a process that dies in between forgets
nothing: whoever finds the note evaluates again, and an execution's id, derived from the change, is given once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from typing import Any

from thermik.clock import Clock, instant_text, parse_instant
from thermik.executions.lifecycle import NewExecution
from thermik.executions.model import Execution, Trigger
from thermik.executions.repository import ExecutionNotFound, Hearing
from thermik.executions.state import State
from thermik.expressions import ExpressionError
from thermik.flows.problems import InvalidFlow
from thermik.flows.repository import FlowNotFound
from thermik.identity import derived_id
from thermik.machines.limits import FlowTooLarge
from thermik.storage import schema
from thermik.storage.errors import ItemTooLarge
from thermik.storage.table import Delete, Put, Record, Table, Write
from thermik.triggers.holding import Circumstances, ConditionFailed
from thermik.triggers.listeners import Listener, Listeners
from thermik.triggers.models import Flow
from thermik.triggers.pending import complete
from thermik.triggers.starting import View, scene_of, start_once
from thermik.triggers.upstream import conditions_hold, may_concern, parts_to_meet
from thermik.worker.ports import Ports

MAX_NOTES = 1000
"""Notes of a shard that one round looks at."""

NOTE_LASTS = timedelta(days=1)
"""After so long a note that nobody could act on is given up."""

NOTE_RESTS = timedelta(seconds=5)
"""A note younger than this is left to the process that wrote it."""

MAX_DEPTH = 8
"""Changes that are told within the telling of others; what lies deeper waits for whoever looks for notes."""

_NOT_THE_TABLES_FAULT = (ConditionFailed, ExpressionError, FlowNotFound, FlowTooLarge, InvalidFlow, ItemTooLarge)

_operator = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """A state that an execution took on: the execution as it was then, and the state's number."""

    execution: Execution
    number: int

    @property
    def id(self) -> str:
        """What tells this change from any other."""
        return f"{self.execution.id}#{self.number}"


class FlowTriggers:
    """Hears changes of executions, and starts what listens to them.

    Args:
        ports: given as a function, since they are made from the executions that this observes.
    """

    def __init__(self, table: Table, clock: Clock, ports: Callable[[], Ports], listeners: Listeners) -> None:
        self._table = table
        self._clock = clock
        self._ports = ports
        self._listeners = listeners
        self._telling = threading.local()

    def hear(self, execution: Execution) -> Hearing | None:
        """Whether a change that is about to be written concerns a flow. Raises: TableUnavailable."""
        if not any(True for _ in self._concerned(execution)):
            return None
        return _Heard(self, Change(execution, len(execution.state.histories)))

    def note(self, change: Change) -> Write:
        """What is written with the change, and removed when its triggers were evaluated."""
        now = self._clock.now()
        body = {"execution": change.execution.id, "number": change.number, "at": instant_text(now)}
        place = schema.change(change.execution.id, change.number)
        return Put(Record(place, body, expires_at=int((now + NOTE_LASTS).timestamp())))

    def tell(self, change: Change) -> None:
        """Evaluate the triggers that a change concerns; what fails is found by its note, later."""
        # An execution that is started here may end within its creation: that change is told within the telling of this.
        depth = getattr(self._telling, "depth", 0)
        if depth >= MAX_DEPTH:
            return
        self._telling.depth = depth + 1
        try:
            self.evaluate(change)
        except Exception:  # noqa: BLE001 - the execution that changed has nothing to do with who listens to it
            _operator.exception("flow triggers could not be told of execution %s yet", change.execution.id)
        finally:
            self._telling.depth = depth

    def evaluate(self, change: Change) -> None:
        """Start what a change starts, and remove its note. Raises: Unavailable, MachinesUnavailable, Conflict."""
        for listener, trigger in self._concerned(change.execution):
            try:
                self._consider(change, listener, trigger)
            except _NOT_THE_TABLES_FAULT as error:
                name = f"{listener.namespace}.{listener.flow_id}"
                _operator.warning("trigger %s of flow %s starts nothing: %s", trigger.id, name, error)
        self._table.write(Delete(schema.change(change.execution.id, change.number)))

    def catch_up(self) -> int:
        """Evaluate what notes tell that nobody has removed; how many there were. Raises: as `evaluate`, at the end."""
        latest = self._clock.now() - NOTE_RESTS
        notes = [note for note in self._notes() if parse_instant(note.body["at"]) <= latest]
        failures: list[Exception] = []
        for note in notes:
            try:
                self._act_on(note)
            except Exception as error:  # noqa: BLE001 - whatever it is, the others are not held up
                failures.append(error)
        if failures:
            raise failures[0]
        return len(notes)

    def _act_on(self, note: Record) -> None:
        try:
            execution = self._ports().executions.execution(note.body["execution"]).value
        except ExecutionNotFound:
            self._table.write(Delete(note.key))
            return
        self.evaluate(Change(as_it_was(execution, note.body["number"]), note.body["number"]))

    def _notes(self) -> Iterator[Record]:
        for shard in range(schema.OPEN_SHARDS):
            yield from self._table.query(schema.changes_partition(shard), limit=MAX_NOTES).records

    def _concerned(self, execution: Execution) -> Iterator[tuple[Listener, Flow]]:
        """Every trigger that a change may concern; never one of the execution's own flow."""
        for listener in self._listeners.all():
            if (listener.namespace, listener.flow_id) == (execution.namespace, execution.flow_id):
                continue
            for trigger in self._triggers_of(listener):
                if may_concern(trigger, execution, Circumstances(str, UTC, execution)):
                    yield listener, trigger

    def _triggers_of(self, listener: Listener) -> Sequence[Flow]:
        try:
            plan = self._ports().plans.plan(listener.namespace, listener.flow_id, listener.revision)
        except (FlowNotFound, InvalidFlow):  # deleted meanwhile, or of a type that is gone
            return []
        return [trigger for trigger in plan.flow.triggers if isinstance(trigger, Flow)]

    def _consider(self, change: Change, listener: Listener, trigger: Flow) -> None:
        ports, execution = self._ports(), change.execution
        plan = ports.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision)
        view = View(scene_of(ports, execution, plan), variables_of(execution, [execution]))
        circumstances = view.circumstances()
        if not conditions_hold(trigger, circumstances):
            return
        wanted = [*parts_to_meet(trigger, execution, circumstances)]
        place = schema.window(listener.namespace, listener.flow_id, trigger.id)
        now = self._clock.now()
        met_by: list[str] | None = []
        if wanted:
            met_by = complete(self._table, place, change.id, execution.id, wanted, now=now, zone=ports.zone)
        if met_by is None:
            return
        earlier = ports.executions.several([each for each in met_by if each != execution.id])
        brought = variables_of(execution, [*filter(None, earlier), execution])
        view = View(scene_of(ports, execution, plan), brought)
        new = NewExecution(
            namespace=listener.namespace,
            flow_id=listener.flow_id,
            revision=listener.revision,
            id=derived_id("flow-trigger", change.id, listener.namespace, listener.flow_id, trigger.id),
            inputs=view.render(trigger.inputs),
            labels=view.labels(trigger.labels),
            trigger=Trigger(id=trigger.id, type=trigger.type, variables=brought),
            correlated=False,
        )
        self._start(ports, new)

    def _start(self, ports: Ports, new: NewExecution) -> None:
        """Start it; without the outputs of the executions before it where it would be too large with them."""
        try:
            start_once(ports, new)
        except ItemTooLarge:
            if new.trigger is None or "outputs" not in new.trigger.variables:
                raise
            variables = {name: value for name, value in new.trigger.variables.items() if name != "outputs"}
            _operator.warning("execution %s has no `trigger.outputs`: it would be too large", new.id)
            start_once(ports, replace(new, trigger=new.trigger.model_copy(update={"variables": variables})))


@dataclass(frozen=True, slots=True)
class _Heard:
    """A change that concerns some flow."""

    triggers: FlowTriggers
    change: Change

    @property
    def writes(self) -> Sequence[Write]:
        return (self.triggers.note(self.change),)

    def tell(self) -> None:
        self.triggers.tell(self.change)


def variables_of(execution: Execution, met_by: Sequence[Execution]) -> dict[str, Any]:
    """What `trigger` is in the execution that another one started by its change.

    Args:
        met_by: the executions whose outputs it has, of those that are alike the later ones'.
    """
    outputs: dict[str, Any] = {}
    for each in met_by:
        outputs = _merged(outputs, each.outputs or {})
    return {
        "executionId": execution.id,
        "namespace": execution.namespace,
        "flowId": execution.flow_id,
        "flowRevision": execution.flow_revision,
        "state": execution.state.current.value,
        **({"outputs": outputs} if outputs else {}),
    }


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Two maps as one, and so the maps in them; otherwise the second map's value counts."""
    return {**under} | {
        name: _merged(under[name], value) if isinstance(value, dict) and isinstance(under.get(name), dict) else value
        for name, value in over.items()
    }


def as_it_was(execution: Execution, number: int) -> Execution:
    """An execution when it had taken on its `number`-th state."""
    histories = execution.state.histories[:number]
    return execution.model_copy(update={"state": State(current=histories[-1].state, histories=histories)})
