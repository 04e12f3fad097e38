"""The dates of one trigger of one flow: which of them count, and what the execution of one is created with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from thermik.clock import instant_text
from thermik.executions.lifecycle import NewExecution, draft
from thermik.executions.model import Label, Trigger
from thermik.executions.plans import Plan
from thermik.expressions import ExpressionError
from thermik.flows.input_values import InvalidInputs
from thermik.identity import derived_id
from thermik.triggers.calendars import Calendar, calendar_of
from thermik.triggers.holding import ConditionFailed, all_hold
from thermik.triggers.models import Timed
from thermik.triggers.searching import Found, first, offset_text, search
from thermik.triggers.starting import View, scene_of
from thermik.worker.ports import Ports

_DECIDE_DATES = {"type", "cron", "with_seconds", "timezone", "conditions", "dates"}


@dataclass(frozen=True)
class Planning:
    """A trigger with dates, in a revision of its flow."""

    ports: Ports
    plan: Plan
    revision: int
    trigger: Timed

    @cached_property
    def calendar(self) -> Calendar:
        """Its dates, whether they count or not."""
        return calendar_of(self.trigger, self.ports.zone)

    @cached_property
    def definition(self) -> str:
        """Changes when its dates do."""
        return hashlib.sha256(self.trigger.model_dump_json(include=_DECIDE_DATES).encode()).hexdigest()[:16]

    def after(self, moment: datetime) -> Found:
        """The next date that counts."""
        return search(self.calendar.after(moment), self._counts)

    def last_before(self, moment: datetime) -> datetime | None:
        """The last date that counts."""
        return first(self.calendar.before(moment), self._counts)

    def execution(
        self, date: datetime, *, round_: str = "", inputs: Mapping[str, Any] | None = None, labels: Sequence[Label] = ()
    ) -> NewExecution | None:
        """What the execution of a date is created with; None where the trigger's conditions do not hold.

        Args:
            round_: tells executions of the same date apart (a backfill's start).
            inputs: others than the trigger's. labels: more than the trigger's.
        """
        flow, trigger = self.plan.flow, self.trigger
        brought = self._brought(date)
        new = NewExecution(
            namespace=flow.namespace,
            flow_id=flow.id,
            revision=self.revision,
            id=derived_id("schedule", flow.namespace, flow.id, trigger.id, instant_text(date), round_),
            trigger=Trigger(id=trigger.id, type=trigger.type, variables=brought),
        )
        try:
            if not self._hold(self._view(new, {**brought, "date": self._in_servers_zone(date)})):
                return None
            view = self._view(new)
            new = replace(new, labels=[*view.labels(trigger.labels), *labels])
            return replace(new, inputs=view.inputs({**trigger.inputs, **(inputs or {})}))
        except (ConditionFailed, ExpressionError, InvalidInputs) as error:
            return replace(new, failure=f"The trigger '{trigger.id}' could not be evaluated for {date}: {error}")

    def _brought(self, date: datetime) -> dict[str, Any]:
        """What `trigger` is in the execution: the date, and the dates that count beside it."""
        local = date.astimezone(self.calendar.zone)
        following, previous = self.after(date), self.last_before(date)
        beside = {"next": following.date if following.satisfies else None, "previous": previous}
        return {
            "date": offset_text(local),
            **{name: offset_text(found) for name, found in beside.items() if found is not None},
        }

    @cached_property
    def _counts(self) -> Callable[[datetime], bool]:
        """Whether a date counts: its conditions hold, knowing nothing but the date.

        One that cannot be evaluated so and can with all that an execution brings needs what is not there: it does not
        hold. One that cannot be evaluated at all counts, and its execution fails.
        """
        if not self.trigger.conditions:
            return lambda _: True
        new = NewExecution(namespace=self.plan.flow.namespace, flow_id=self.plan.flow.id, revision=self.revision)
        scene = scene_of(self.ports, draft(self.ports.life, new, self.plan), self.plan)

        def counts(date: datetime) -> bool:
            seen = {"date": self._in_servers_zone(date)}
            try:
                return self._hold(View(scene, seen))
            except ConditionFailed:
                return not self._could_hold(View(scene, {**seen, "next": seen["date"], "previous": seen["date"]}))

        return counts

    def _could_hold(self, view: View) -> bool:
        """Whether conditions can be evaluated."""
        try:
            self._hold(view)
        except ConditionFailed:
            return False
        return True

    def _hold(self, view: View) -> bool:
        return all_hold(self.trigger.conditions, view.circumstances())

    def _view(self, new: NewExecution, seen: Mapping[str, Any] | None = None) -> View:
        return View(scene_of(self.ports, draft(self.ports.life, new, self.plan), self.plan), seen)

    def _in_servers_zone(self, date: datetime) -> str:
        return offset_text(date.astimezone(self.ports.zone))
