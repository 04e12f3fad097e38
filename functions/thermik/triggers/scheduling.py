"""Triggers with dates: kept in step with their flows, and tended when they are due.

    saved ──sync──▶ state with its next date ──due──▶ tend: execution, then the state moves on ──▶ waits
                          ▲                                                                          │
                          └──────────────────────── freed: its execution has ended ◀─────────────────┘

An execution's id is derived from its date, and its state moves on by a conditional write after it: so a date starts
one execution, whoever tends, how often and wherever it was cut short. A trigger starts no execution before its last
one has ended; the dates missed meanwhile are caught up one by one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from thermik.clock import Clock, instant_text
from thermik.executions.lifecycle import NewExecution
from thermik.executions.model import Execution, Label
from thermik.executions.repository import ExecutionNotFound
from thermik.flows.problems import InvalidFlow
from thermik.flows.repository import FlowNotFound
from thermik.machines.limits import FlowTooLarge
from thermik.storage.errors import Conflict, ItemTooLarge
from thermik.storage.table import Table
from thermik.triggers.models import Schedule, ScheduleOnDates, Timed
from thermik.triggers.planning import Planning
from thermik.triggers.starting import start_once
from thermik.triggers.states import Backfill, Known, Name, TriggerState, TriggerStates
from thermik.triggers.timetable import Timetable
from thermik.worker.ports import Ports

MAX_DATES_AT_ONCE = 100
"""Dates that one tending looks at; then others have their turn."""

MAX_ROUNDS = 50
"""How often a change begins again when others change the state, too."""

_BEGINNING = datetime(1, 1, 2, tzinfo=UTC)
"""Before every date; a day after Python's first, which a time zone west of UTC would put before it."""

_CANNOT_BE_CREATED = (FlowTooLarge, ItemTooLarge)

_operator = logging.getLogger(__name__)

Move = Callable[[TriggerState], TriggerState]


class NothingToFill(Exception):
    """A backfill without dates."""


class Schedules:
    """The triggers with dates of a table.

    Args:
        ports: given as a function, since they are made from executions that this observes.
    """

    def __init__(self, table: Table, clock: Clock, ports: Callable[[], Ports], timetable: Timetable) -> None:
        self.states = TriggerStates(table)
        self._clock = clock
        self._ports = ports
        self._timetable = timetable

    # --- in step with flows

    def sync(self, namespace: str, flow_id: str) -> None:
        """Bring the states of a flow's triggers in step with its newest revision.

        Raises:
            InvalidFlow: it cannot be read any more. TableUnavailable, TimetableUnavailable, Conflict.
        """
        wanted = {planning.trigger.id: planning for planning in self._plannings(namespace, flow_id)}
        known = {each.state.trigger_id: each for each in self.states.of_flow(namespace, flow_id)}
        for trigger_id in known.keys() - wanted.keys():
            self.forget(Name(namespace, flow_id, trigger_id))
        for trigger_id, planning in wanted.items():
            found = known.get(trigger_id)
            while not self._sync_one(planning, found):
                found = self.states.get(Name(namespace, flow_id, trigger_id))

    def flow_changed(self, namespace: str, flow_id: str) -> None:
        """`sync` for whoever saves a flow, and has done so: what fails now is done by the upkeep."""
        try:
            self.sync(namespace, flow_id)
        except Exception:  # noqa: BLE001 - the flow is saved whatever becomes of its triggers
            _operator.exception("the triggers of flow %s.%s are not in step yet", namespace, flow_id)

    def _plannings(self, namespace: str, flow_id: str) -> list[Planning]:
        """The flow's triggers with dates; none of a flow that is gone."""
        ports = self._ports()
        try:
            revision = ports.plans.latest(namespace, flow_id)
            plan = ports.plans.plan(namespace, flow_id, revision)
        except FlowNotFound:
            return []
        return [Planning(ports, plan, revision, each) for each in plan.flow.triggers if isinstance(each, Timed)]

    def _sync_one(self, planning: Planning, known: Known | None) -> bool:
        """Bring one state in step; whether nobody else changed it meanwhile."""
        flow, trigger, now = planning.plan.flow, planning.trigger, self._clock.now()
        active = not (flow.disabled or trigger.disabled)
        old = known.state if known else None
        if old and (old.revision, old.active, old.definition) == (planning.revision, active, planning.definition):
            return True
        same_dates = old is not None and old.active == active and old.definition == planning.definition
        state = TriggerState(
            namespace=flow.namespace,
            flow_id=flow.id,
            trigger_id=trigger.id,
            type=trigger.type,
            revision=planning.revision,
            definition=planning.definition,
            active=active,
            updated=now,
            stop_after=tuple(trigger.stop_after),
            concurrent=trigger.allow_concurrent,
            next=old.next if same_dates and old else _first_date(planning, old, now) if active else None,
        )
        if old is not None:
            kept = ("disabled", "date", "execution", "evaluated", "backfill")
            state = state.model_copy(update={name: getattr(old, name) for name in kept})
        return self._store(Known(state, known.version if known else 0))

    def forget(self, name: Name) -> None:
        """Forget a trigger."""
        self.states.delete(name)
        self._timetable.remove(name)

    # --- due

    def tend(self, name: Name) -> None:
        """Start what is due of a trigger, date by date, until it is not due any more.

        Raises:
            TableUnavailable, MachinesUnavailable, TimetableUnavailable, InvalidFlow: it stays due.
        """
        for _ in range(MAX_DATES_AT_ONCE):
            known = self.states.get(name)
            due = known.state.due if known else None
            if known is None or due is None or due > self._clock.now():
                return
            self._take(known, due)
        _operator.warning("trigger %s of flow %s.%s is behind", name.trigger_id, name.namespace, name.flow_id)
        self._timetable.put(name, self._clock.now())

    def tend_all(self) -> datetime | None:
        """Tend whatever is due; when something is due next. One trigger that fails does not hold up the others."""
        for known in self.states.due(self._clock.now()):
            try:
                self.tend(known.state.name)
            except Exception:  # noqa: BLE001 - whatever it is, the others go on; it stays due
                _operator.exception("trigger %s cannot be tended", known.state.name)
        return self.states.next_due()

    def _take(self, known: Known, date: datetime) -> None:
        """Deal with one date that is due."""
        state = known.state
        try:
            planning = self._planning(state.name)
        except InvalidFlow as invalid:  # until it is saved anew; that brings the trigger in step
            _operator.warning("trigger %s is given up: its flow cannot be read: %s", state.name, invalid)
            self._store(Known(_with(state, active=False), known.version))
            return
        if planning is None:
            self.forget(state.name)
            return
        if planning.revision != state.revision:
            self._sync_one(planning, known)
            return
        # `lateMaximumDelay` is about dates that nobody tended in time; a backfill is late on purpose.
        late = _earliest(planning.trigger, self._clock.now())
        if late is not None and date < late and state.backfill is None:
            passed = planning.after(late - timedelta(microseconds=1))
            self._store(Known(self._evaluated(state, {"next": passed.date}), known.version))
            return
        started = self._start(planning, state, date)
        following = self._after(planning, state, date)
        if started is None:
            self._store(Known(self._evaluated(state, following), known.version))
            return
        moved = self._evaluated(
            state, {**following, "date": date, "execution": None if state.concurrent else started.id}
        )
        # A short execution has ended before the state said that it is waited for: nobody else frees the trigger then.
        if self._store(Known(moved, known.version)) and self._execution_has_ended(started.id):
            self.freed(self._ports().executions.execution(started.id).value)

    def _start(self, planning: Planning, state: TriggerState, date: datetime) -> Execution | None:
        """The execution of a date; None where there is none."""
        new = self._new(planning, state.backfill, date)
        if new is None:
            return None
        try:
            return start_once(self._ports(), new)
        except _CANNOT_BE_CREATED as error:
            _operator.warning("trigger %s starts nothing at %s: %s", state.name, date, error)
            return None

    def _new(self, planning: Planning, backfill: Backfill | None, date: datetime) -> NewExecution | None:
        if backfill is None or backfill.paused:
            return planning.execution(date)
        labels = [Label(key=each["key"], value=each["value"]) for each in backfill.labels]
        return planning.execution(date, round_=instant_text(backfill.start), inputs=backfill.inputs, labels=labels)

    def _after(self, planning: Planning, state: TriggerState, date: datetime) -> dict[str, Any]:
        """What the state says once a date has been dealt with."""
        backfill = state.backfill
        if backfill is None or backfill.paused:
            return {"next": planning.after(date).date}
        following = planning.after(date).date
        if following is None or following > backfill.end:
            return {"backfill": None, "next": backfill.resume}
        return {"backfill": backfill.model_copy(update={"current": following})}

    def _evaluated(self, state: TriggerState, changes: dict[str, Any]) -> TriggerState:
        now = self._clock.now()
        return state.model_copy(update={**changes, "evaluated": now, "updated": now})

    # --- an execution has ended

    def freed(self, execution: Execution) -> None:
        """The execution that a trigger waited for has ended: the trigger goes on, unless it stops after such an end.

        Raises:
            TableUnavailable, TimetableUnavailable, Conflict.
        """
        if execution.trigger is None:
            return
        name = Name(execution.namespace, execution.flow_id, execution.trigger.id)

        def free(state: TriggerState) -> TriggerState:
            waits = state.execution == execution.id
            stops = state.disabled or execution.state.current.value in state.stop_after
            if not waits and (not state.concurrent or stops == state.disabled):
                return state
            return state.model_copy(update={"execution": None, "disabled": stops, "updated": self._clock.now()})

        self.change(name, free)

    def free_waiting(self) -> int:
        """Free triggers whose execution has ended, or is gone, without their having been told; how many."""
        freed = 0
        for known in [*self.states.waiting()]:
            execution_id = known.state.execution
            if execution_id is None or not self._execution_has_ended(execution_id):
                continue
            freed += 1
            try:
                self.freed(self._ports().executions.execution(execution_id).value)
            except ExecutionNotFound:
                self.change(known.state.name, lambda state: state.model_copy(update={"execution": None}))
        return freed

    def _execution_has_ended(self, execution_id: str) -> bool:
        try:
            return self._ports().executions.execution(execution_id).value.state.is_terminal
        except ExecutionNotFound:
            return True

    # --- by hand

    def change(self, name: Name, move: Move) -> TriggerState | None:
        """Change a state as `move` says, on whatever it is by now; None where there is no such trigger.

        Raises:
            Conflict: others kept changing it. TableUnavailable, TimetableUnavailable.
        """
        for _ in range(MAX_ROUNDS):
            known = self.states.get(name)
            if known is None:
                return None
            wanted = move(known.state)
            if wanted is known.state or self._store(Known(wanted, known.version)):
                return wanted
        raise Conflict(f"trigger {name.trigger_id} was changed by others {MAX_ROUNDS} times over")

    def switch(self, name: Name, *, disabled: bool) -> TriggerState | None:
        """Switch a trigger off or on; one that is switched on goes on with the next date from now."""
        now = self._clock.now()
        planning = self._planning(name)

        def switched(state: TriggerState) -> TriggerState:
            if state.disabled == disabled:
                return state
            changes: dict[str, Any] = {"disabled": disabled, "updated": now}
            if not disabled and planning is not None and state.active:
                changes["next"] = planning.after(now).date
            return state.model_copy(update=changes)

        return self.change(name, switched)

    def restart(self, name: Name) -> TriggerState | None:
        """Let a trigger begin anew: it waits for nothing, and its next date is the next from now."""
        planning, now = self._planning(name), self._clock.now()

        def restarted(state: TriggerState) -> TriggerState:
            date = planning.after(now).date if planning is not None and state.active else None
            return state.model_copy(update={"execution": None, "next": date, "updated": now})

        return self.change(name, restarted)

    def unlock(self, name: Name) -> TriggerState | None:
        """Let a trigger go on before the execution that it waits for has ended."""
        now = self._clock.now()
        return self.change(
            name,
            lambda state: state if state.execution is None else _with(state, execution=None, updated=now),
        )

    def begin_backfill(self, name: Name, backfill: Backfill) -> TriggerState | None:
        """Start the executions of a trigger's dates from `start` to `end`, both included.

        Raises:
            NothingToFill: there is no date.
        """
        planning, now = self._planning(name), self._clock.now()
        first = planning.after(backfill.start - timedelta(microseconds=1)).date if planning else None
        if first is None or first > backfill.end:
            raise NothingToFill(f"Trigger '{name.trigger_id}' has no date from {backfill.start} to {backfill.end}")

        def begun(state: TriggerState) -> TriggerState:
            filled = backfill.model_copy(update={"current": first, "resume": state.next})
            return _with(state, backfill=filled, updated=now)

        return self.change(name, begun)

    def pause_backfill(self, name: Name, *, paused: bool) -> TriggerState | None:
        """Hold a backfill, or let it go on."""

        def held(state: TriggerState) -> TriggerState:
            if state.backfill is None or state.backfill.paused == paused:
                return state
            resume = state.backfill.resume if paused else state.next
            # While it is held, the trigger's own dates come (`next`); `resume` keeps them while the backfill runs.
            backfill = state.backfill.model_copy(update={"paused": paused, "resume": resume})
            return _with(state, backfill=backfill, next=state.backfill.resume if paused else state.next)

        return self.change(name, held)

    def end_backfill(self, name: Name) -> TriggerState | None:
        """End a backfill; the trigger goes on where it was."""

        def ended(state: TriggerState) -> TriggerState:
            if state.backfill is None:
                return state
            return _with(state, backfill=None, next=state.next if state.backfill.paused else state.backfill.resume)

        return self.change(name, ended)

    def _planning(self, name: Name) -> Planning | None:
        found = self._plannings(name.namespace, name.flow_id)
        return next((each for each in found if each.trigger.id == name.trigger_id), None)

    # --- after a time in which nobody tended

    def recover(self) -> None:
        """Deal with the dates missed while no scheduler ran, as each trigger's `recoverMissedSchedules` says."""
        now = self._clock.now()
        for known in self.states.every_due(now):
            try:
                planning = self._planning(known.state.name)
            except InvalidFlow:  # tending gives the trigger up, and tells why
                continue
            policy = planning.trigger.recover_missed_schedules if planning else None
            if planning is None or policy in (None, "ALL"):
                continue
            last = planning.last_before(now) if policy == "LAST" else None
            date = last or planning.after(now).date
            self._store(Known(self._evaluated(known.state, {"next": date}), known.version))

    def _store(self, known: Known) -> bool:
        """Write a state, and when it is due into the timetable; whether nobody else was faster.

        What the timetable says of a trigger that is not due any more is left: tending it does nothing.
        """
        # The state first, for it decides. Should this process die between the two, `tend_all`, which the sweep calls,
        # finds by the index what is due.
        if self.states.write(known) is None:
            return False
        if known.state.due is not None:
            self._timetable.put(known.state.name, known.state.due)
        return True


def _with(state: TriggerState, **changes: Any) -> TriggerState:
    return state.model_copy(update=changes)


def _first_date(planning: Planning, old: TriggerState | None, now: datetime) -> datetime | None:
    """The next date from now; listed dates begin with the earliest, and go on after the last that was."""
    if not isinstance(planning.trigger, ScheduleOnDates):
        return planning.after(now).date
    return planning.after(old.date if old is not None and old.date is not None else _BEGINNING).date


def _earliest(trigger: Timed, now: datetime) -> datetime | None:
    """Dates before this one are too late; None where none is."""
    delay = trigger.late_maximum_delay if isinstance(trigger, Schedule) else None
    return now - delay if delay is not None else None
