"""Triggers with dates in the shape of the API, in the names of both generations of clients; and their search."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from thermik.api.execution_search import scope_of
from thermik.api.filters import Filters, View, matches
from thermik.api.flow_wire import flow_data
from thermik.api.services import Services
from thermik.clock import instant_text
from thermik.flows.repository import FlowNotFound
from thermik.triggers.states import Backfill, TriggerState

FIELDS = frozenset(
    ["q", "scope", "namespace", "flowId", "triggerId", "triggerState", "workerId", "startDate", "endDate", "timeRange"]
)
"""What triggers can be filtered by."""


def trigger_wire(state: TriggerState) -> dict[str, Any]:
    """A trigger's state."""
    wire: dict[str, Any] = {
        "tenantId": "main",
        "namespace": state.namespace,
        "flowId": state.flow_id,
        "triggerId": state.trigger_id,
        "disabled": state.disabled or not state.active,
        "stopAfter": list(state.stop_after),
        "date": instant_text(state.date or state.updated),  # 1.x's clients require one, also before the first start
        "updatedDate": instant_text(state.updated),
        "updatedAt": instant_text(state.updated),
        "evaluatedAt": _text(state.evaluated),
        "nextExecutionDate": _text(state.next),
        "nextEvaluationDate": _text(state.next),
        "lastTriggeredDate": _text(state.date),
        "executionId": state.execution,
        "locked": state.execution is not None,
        "kind": "SCHEDULE",
        "backfill": _backfill(state.backfill) if state.backfill else None,
    }
    return {name: value for name, value in wire.items() if value is not None}


def trigger_and_flow_wire(services: Services, state: TriggerState) -> dict[str, Any]:
    """A trigger's state beside the trigger as its flow has it."""
    wire = trigger_wire(state)
    return {"abstractTrigger": _declared(services, state), "triggerContext": wire, "trigger": wire, "state": wire}


def matching_triggers(services: Services, filters: Filters) -> Iterator[TriggerState]:
    """Every trigger that passes, by namespace, flow and id."""
    if services.schedules is None:
        return
    now = services.now()
    for known in services.schedules.states.every():
        if matches(filters, _view(known.state), now):
            yield known.state


def sort_value(state: TriggerState, field: str) -> Any:
    """What a trigger has under a field of its state."""
    return trigger_wire(state).get(field.removeprefix("triggerContext."))


def _backfill(backfill: Backfill) -> dict[str, Any]:
    wire = {
        "start": instant_text(backfill.start),
        "end": instant_text(backfill.end),
        "currentDate": _text(backfill.current),
        "paused": backfill.paused,
        "inputs": backfill.inputs,
        "labels": [dict(label) for label in backfill.labels],
        "previousNextExecutionDate": _text(backfill.resume),
    }
    return {name: value for name, value in wire.items() if value is not None}


def _declared(services: Services, state: TriggerState) -> dict[str, Any]:
    brief = {"id": state.trigger_id, "type": state.type}
    try:
        data = flow_data(services.flows.get(state.namespace, state.flow_id))
    except FlowNotFound:
        return brief
    found = (each for each in data.get("triggers") or [] if each.get("id") == state.trigger_id)
    return {**next(found, {}), **brief}


def _view(state: TriggerState) -> View:
    fields: dict[str, Any] = {
        "q": (state.namespace, state.flow_id, state.trigger_id),
        "scope": scope_of(state.namespace),
        "namespace": state.namespace,
        "flowId": state.flow_id,
        "triggerId": state.trigger_id,
        "triggerState": "DISABLED" if state.disabled or not state.active else "ENABLED",
        "startDate": state.next,
        "endDate": state.next,
    }
    return fields.get


def _text(date: datetime | None) -> str | None:
    return instant_text(date) if date else None
