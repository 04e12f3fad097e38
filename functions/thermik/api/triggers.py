"""Triggers with dates: listed, switched off and on, freed, begun anew; their backfills.

Other triggers have no state: they are switched off in their flow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from thermik.api.answers import NO_CONTENT, Answer
from thermik.api.bulk import counted
from thermik.api.creation import read_label
from thermik.api.errors import BadRequest, Forbidden, NotFound, Unprocessable
from thermik.api.filters import read_filters
from thermik.api.listings import page_of
from thermik.api.paging import PAGE_QUERY, page_request, sort_items
from thermik.api.request import Request, read_instant
from thermik.api.routing import Router
from thermik.api.services import Services
from thermik.api.trigger_wire import FIELDS, matching_triggers, sort_value, trigger_and_flow_wire, trigger_wire
from thermik.triggers.scheduling import NothingToFill, Schedules
from thermik.triggers.states import Backfill, Name, TriggerState

JSON = "application/json"
MAX_NAMES = 1000
_F = "q namespace flowId triggerId workerId filters"

router = Router("Triggers")

Act = Callable[[Schedules, Name], TriggerState | None]


# --- listed


@router.route("GET", "/triggers/search", query=f"{PAGE_QUERY} {_F}")
def search(services: Services, request: Request) -> dict[str, Any]:
    """A page of the triggers that pass the filters, each beside what its flow says of it."""
    return _page(services, request, [*matching_triggers(services, read_filters(request, FIELDS))], with_flow=True)


@router.route("GET", "/triggers/<namespace>/<flow_id>", query=f"{PAGE_QUERY} q")
def of_flow(services: Services, request: Request) -> dict[str, Any]:
    """A page of the triggers of a flow."""
    known = _schedules(services).states.of_flow(request["namespace"], request["flow_id"])
    wanted = (request.get("q") or "").lower()
    return _page(services, request, [each.state for each in known if wanted in each.state.trigger_id.lower()])


def _page(
    services: Services, request: Request, found: list[TriggerState], *, with_flow: bool = False
) -> dict[str, Any]:
    wanted = page_request(request)
    listed = page_of(sort_items(found, wanted.orders, sort_value), wanted)
    shown = [trigger_and_flow_wire(services, each) if with_flow else trigger_wire(each) for each in listed.items]
    return listed.wire(shown)


# --- one


@router.route("PUT", "/triggers", consumes=JSON)
def update(services: Services, request: Request) -> dict[str, Any]:
    """Switch a trigger off or on; with `backfill`, start one."""
    body = request.json_object()
    if body.get("backfill") is not None:
        return _backfilled(services, body)
    return _switched(services, body)


@router.route("PUT", "/triggers/set-disabled", consumes=JSON)
def set_disabled(services: Services, request: Request) -> dict[str, Any]:
    """Switch a trigger off or on."""
    return _switched(services, request.json_object())


@router.route("POST", "/triggers/<namespace>/<flow_id>/<trigger_id>/unlock")
def unlock(services: Services, request: Request) -> dict[str, Any]:
    """Let a trigger go on that waits for an execution."""
    schedules, name = _schedules(services), _name_of(request)
    state = _known(schedules, name)
    if state.execution is None:
        raise Forbidden(f"Trigger '{name.trigger_id}' is not locked")
    return _done(_freed(schedules, name), name)


@router.route("POST", "/triggers/<namespace>/<flow_id>/<trigger_id>/restart")
def restart(services: Services, request: Request) -> dict[str, Any]:
    """Let a trigger begin anew with its next date from now."""
    name = _name_of(request)
    return _done(_schedules(services).restart(name), name)


@router.route("DELETE", "/triggers/<namespace>/<flow_id>/<trigger_id>")
def delete(services: Services, request: Request) -> Answer:
    """Forget a trigger's state. One that its flow still has begins anew when that is saved."""
    schedules, name = _schedules(services), _name_of(request)
    _known(schedules, name)
    schedules.forget(name)
    return NO_CONTENT


# --- many


@router.route("POST", "/triggers/set-disabled/by-triggers", consumes=JSON)
def set_disabled_by_triggers(services: Services, request: Request) -> dict[str, Any]:
    """Switch these triggers off or on."""
    body = request.json_object()
    return _acted(services, _names(body.get("triggers")), _switch(disabled=_flag(body)))


@router.route("POST", "/triggers/set-disabled/by-query", query=f"disabled {_F}")
def set_disabled_by_query(services: Services, request: Request) -> dict[str, Any]:
    """Switch the triggers off or on that pass."""
    return _acted(services, _queried(services, request), _switch(disabled=request.flag("disabled", default=True)))


@router.route("POST", "/triggers/unlock/by-triggers", consumes=JSON)
def unlock_by_triggers(services: Services, request: Request) -> dict[str, Any]:
    """Let these triggers go on."""
    return _acted(services, _names(request.json()), _freed)


@router.route("POST", "/triggers/unlock/by-query", query=_F)
def unlock_by_query(services: Services, request: Request) -> dict[str, Any]:
    """Let the triggers go on that pass."""
    return _acted(services, _queried(services, request), _freed)


# --- backfills


@router.route("PUT", "/triggers/backfill/create", consumes=JSON)
def create_backfill(services: Services, request: Request) -> dict[str, Any]:
    """Start the executions of a trigger's dates in a part of the past."""
    return _backfilled(services, request.json_object())


@router.route("PUT", "/triggers/backfill/pause", consumes=JSON)
def pause_backfill(services: Services, request: Request) -> dict[str, Any]:
    """Hold a backfill; the trigger goes on with its own dates."""
    return _on_backfill(services, request, _pause(paused=True))


@router.route("PUT", "/triggers/backfill/unpause", consumes=JSON)
def unpause_backfill(services: Services, request: Request) -> dict[str, Any]:
    """Let a backfill go on."""
    return _on_backfill(services, request, _pause(paused=False))


@router.route("POST", "/triggers/backfill/delete", consumes=JSON)
def delete_backfill(services: Services, request: Request) -> dict[str, Any]:
    """End a backfill before its time."""
    return _on_backfill(services, request, lambda schedules, name: schedules.end_backfill(name))


def _on_backfill(services: Services, request: Request, act: Act) -> dict[str, Any]:
    schedules, name = _schedules(services), _name(request.json_object())
    if _known(schedules, name).backfill is None:
        raise Forbidden(f"Trigger '{name.trigger_id}' has no backfill")
    return _done(act(schedules, name), name)


def _backfilled(services: Services, body: dict[str, Any]) -> dict[str, Any]:
    name, schedules = _name(body), _schedules(services)
    state = _known(schedules, name)
    if state.backfill is not None:
        raise Forbidden(f"Trigger '{name.trigger_id}' has a backfill already")
    try:
        return _done(schedules.begin_backfill(name, _read_backfill(body.get("backfill"), services.now())), name)
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


# --- read and done


def _schedules(services: Services) -> Schedules:
    if services.schedules is None:
        raise NotFound("This server has no triggers")
    return services.schedules


def _name_of(request: Request) -> Name:
    return Name(request["namespace"], request["flow_id"], request["trigger_id"])


def _name(value: Any) -> Name:
    """Which trigger an object names. Raises: BadRequest."""
    parts = [value.get(field) for field in ("namespace", "flowId", "triggerId")] if isinstance(value, dict) else []
    if not (parts and all(isinstance(part, str) for part in parts)):
        raise BadRequest("A trigger must be an object with the texts `namespace`, `flowId` and `triggerId`")
    return Name(*map(str, parts))


def _names(value: Any) -> list[Name]:
    if not isinstance(value, list) or len(value) > MAX_NAMES:
        raise BadRequest(f"Triggers must be an array of at most {MAX_NAMES} objects")
    return [_name(each) for each in value]


def _queried(services: Services, request: Request) -> list[Name]:
    return [state.name for state in matching_triggers(services, read_filters(request, FIELDS))]


def _known(schedules: Schedules, name: Name) -> TriggerState:
    known = schedules.states.get(name)
    if known is None:
        raise NotFound(f"Trigger '{name.namespace}.{name.flow_id}.{name.trigger_id}' has no dates, or does not exist")
    return known.state


def _flag(body: dict[str, Any]) -> bool:
    if not isinstance(body.get("disabled"), bool):
        raise BadRequest("`disabled` must be true or false")
    return bool(body["disabled"])


def _switched(services: Services, body: dict[str, Any]) -> dict[str, Any]:
    return switched(services, _name(body), disabled=_flag(body))


def switched(services: Services, name: Name, *, disabled: bool) -> dict[str, Any]:
    """Switch a trigger off or on; its state. Raises: NotFound."""
    return _done(_schedules(services).switch(name, disabled=disabled), name)


def _switch(*, disabled: bool) -> Act:
    return lambda schedules, name: schedules.switch(name, disabled=disabled)


def _pause(*, paused: bool) -> Act:
    return lambda schedules, name: schedules.pause_backfill(name, paused=paused)


def _freed(schedules: Schedules, name: Name) -> TriggerState | None:
    return schedules.unlock(name)


def _done(state: TriggerState | None, name: Name) -> dict[str, Any]:
    if state is None:
        raise NotFound(f"Trigger '{name.namespace}.{name.flow_id}.{name.trigger_id}' has no dates, or does not exist")
    return trigger_wire(state)


def _acted(services: Services, names: Iterable[Name], act: Act) -> dict[str, Any]:
    """Act on many; what does not suit is passed over."""
    schedules = _schedules(services)
    changed = 0
    for name in names:
        before = schedules.states.get(name)
        if before is not None and act(schedules, name) != before.state:
            changed += 1
    return counted(changed)
