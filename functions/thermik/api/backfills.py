"""Backfills: executions for a trigger's dates in the past, started one after the other beside its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from thermik.api.creation import read_label
from thermik.api.errors import BadRequest, StateForbids, Unprocessable
from thermik.api.request import Request, read_instant
from thermik.api.routing import Router
from thermik.api.services import Services
from thermik.api.trigger_acts import JSON, QUERY, Act, acted, done, known, queried, read_name, read_names, schedules_of
from thermik.triggers.scheduling import NothingToFill, Schedules
from thermik.triggers.states import Backfill, Name, TriggerState

router = Router("Triggers")


@router.route("PUT", "/triggers/backfill/create", consumes=JSON)
def create(services: Services, request: Request) -> dict[str, Any]:
    """Start the executions of a trigger's dates in a part of the past."""
    return create_from(services, request.json_object())


@router.route("PUT", "/triggers/backfill/pause", consumes=JSON)
def pause(services: Services, request: Request) -> dict[str, Any]:
    """Hold a backfill; the trigger goes on with its own dates."""
    return _on_backfill(services, request, _pause)


@router.route("PUT", "/triggers/backfill/unpause", consumes=JSON)
def unpause(services: Services, request: Request) -> dict[str, Any]:
    """Let a backfill go on."""
    return _on_backfill(services, request, _unpause)


@router.route("POST", "/triggers/backfill/delete", consumes=JSON)
def delete(services: Services, request: Request) -> dict[str, Any]:
    """End a backfill before its time."""
    return _on_backfill(services, request, _end)


@router.route("POST", "/triggers/backfill/pause/by-triggers", consumes=JSON)
def pause_by_triggers(services: Services, request: Request) -> dict[str, Any]:
    """Hold the backfills of these triggers."""
    return acted(services, read_names(request.json()), _pause)


@router.route("POST", "/triggers/backfill/pause/by-query", query=QUERY)
def pause_by_query(services: Services, request: Request) -> dict[str, Any]:
    """Hold the backfills of the triggers that pass."""
    return acted(services, queried(services, request), _pause)


@router.route("POST", "/triggers/backfill/unpause/by-triggers", consumes=JSON)
def unpause_by_triggers(services: Services, request: Request) -> dict[str, Any]:
    """Let the backfills of these triggers go on."""
    return acted(services, read_names(request.json()), _unpause)


@router.route("POST", "/triggers/backfill/unpause/by-query", query=QUERY)
def unpause_by_query(services: Services, request: Request) -> dict[str, Any]:
    """Let the backfills of the triggers that pass go on."""
    return acted(services, queried(services, request), _unpause)


@router.route("POST", "/triggers/backfill/delete/by-triggers", consumes=JSON)
def delete_by_triggers(services: Services, request: Request) -> dict[str, Any]:
    """End the backfills of these triggers."""
    return acted(services, read_names(request.json()), _end)


@router.route("POST", "/triggers/backfill/delete/by-query", query=QUERY)
def delete_by_query(services: Services, request: Request) -> dict[str, Any]:
    """End the backfills of the triggers that pass."""
    return acted(services, queried(services, request), _end)


def _on_backfill(services: Services, request: Request, act: Act) -> dict[str, Any]:
    schedules, name = schedules_of(services), read_name(request.json_object())
    if known(schedules, name).backfill is None:
        raise StateForbids(f"Trigger '{name.trigger_id}' has no backfill")
    return done(act(schedules, name), name)


def create_from(services: Services, body: dict[str, Any]) -> dict[str, Any]:
    """Start the backfill that a body describes. Raises: BadRequest, StateForbids, NotFound, Unprocessable."""
    name, schedules = read_name(body), schedules_of(services)
    state = known(schedules, name)
    # a state holds one backfill: a second would overwrite how far the first has come
    if state.backfill is not None:
        raise StateForbids(f"Trigger '{name.trigger_id}' has a backfill already")
    try:
        return done(schedules.begin_backfill(name, _read_backfill(body.get("backfill"), services.now())), name)
    except NothingToFill as nothing:
        raise Unprocessable(str(nothing)) from None


def _read_backfill(value: Any, now: datetime) -> Backfill:
    if not isinstance(value, dict):
        raise BadRequest("`backfill` must be an object with `start`")
    start, end = _instant(value, "start"), _instant(value, "end") or now
    if start is None or end <= start:
        raise Unprocessable("A backfill needs a `start`, and an `end` later than that")
    inputs = value.get("inputs")
    if inputs is not None and not isinstance(inputs, dict):
        raise BadRequest("`inputs` of a backfill must be an object")
    labels = [read_label(each) for each in value.get("labels") or []]
    pairs = tuple({"key": each.key, "value": each.value} for each in labels)
    return Backfill(start=start, end=end, inputs=inputs, labels=pairs)


def _instant(value: dict[str, Any], name: str) -> datetime | None:
    text = value.get(name)
    if text is None:
        return None
    found = read_instant(text) if isinstance(text, str) else None
    if found is None:
        raise BadRequest(f"`{name}` must be an ISO 8601 instant")
    return found


def _pause(schedules: Schedules, name: Name) -> TriggerState | None:
    return schedules.pause_backfill(name, paused=True)


def _unpause(schedules: Schedules, name: Name) -> TriggerState | None:
    return schedules.pause_backfill(name, paused=False)


def _end(schedules: Schedules, name: Name) -> TriggerState | None:
    return schedules.end_backfill(name)
