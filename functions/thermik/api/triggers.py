"""Triggers with dates: listed, switched off and on, freed, begun anew. Backfills are in `backfills.py`.

Other triggers have no state: they are switched off in their flow.
"""

from __future__ import annotations

from typing import Any

from thermik.api.answers import NO_CONTENT, Answer
from thermik.api.backfills import create_from
from thermik.api.errors import BadRequest, StateForbids
from thermik.api.filters import read_filter_objects, read_filters
from thermik.api.listings import page_of
from thermik.api.paging import PAGE_QUERY, page_request, sort_items
from thermik.api.request import Request
from thermik.api.routing import Router
from thermik.api.services import Services
from thermik.api.trigger_acts import (
    JSON,
    QUERY,
    Act,
    acted,
    done,
    known,
    name_in_path,
    queried,
    read_name,
    read_names,
    schedules_of,
)
from thermik.api.trigger_wire import FIELDS, matching_triggers, sort_value, trigger_and_flow_wire, trigger_wire
from thermik.triggers.scheduling import Schedules
from thermik.triggers.states import Name, TriggerState

router = Router("Triggers")


# --- listed


@router.route("GET", "/triggers/search", query=f"{PAGE_QUERY} {QUERY}")
def search(services: Services, request: Request) -> dict[str, Any]:
    """A page of the triggers that pass the filters, each beside what its flow says of it."""
    return _page(services, request, [*matching_triggers(services, read_filters(request, FIELDS))], with_flow=True)


@router.route("GET", "/triggers/<namespace>/<flow_id>", query=f"{PAGE_QUERY} q")
def of_flow(services: Services, request: Request) -> dict[str, Any]:
    """A page of the triggers of a flow."""
    found = schedules_of(services).states.of_flow(request["namespace"], request["flow_id"])
    wanted = (request.get("q") or "").lower()
    return _page(services, request, [each.state for each in found if wanted in each.state.trigger_id.lower()])


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
        return create_from(services, body)
    return _switched(services, body)


@router.route("PUT", "/triggers/set-disabled", consumes=JSON)
def set_disabled(services: Services, request: Request) -> dict[str, Any]:
    """Switch a trigger off or on."""
    return _switched(services, request.json_object())


@router.route("POST", "/triggers/<namespace>/<flow_id>/<trigger_id>/unlock")
def unlock(services: Services, request: Request) -> dict[str, Any]:
    """Let a trigger go on that waits for an execution."""
    schedules, name = schedules_of(services), name_in_path(request)
    state = known(schedules, name)
    if state.execution is None:
        raise StateForbids(f"Trigger '{name.trigger_id}' is not locked")
    return done(_freed(schedules, name), name)


@router.route("POST", "/triggers/<namespace>/<flow_id>/<trigger_id>/restart")
def restart(services: Services, request: Request) -> dict[str, Any]:
    """Let a trigger begin anew with its next date from now."""
    name = name_in_path(request)
    return done(schedules_of(services).restart(name), name)


@router.route("DELETE", "/triggers/<namespace>/<flow_id>/<trigger_id>")
def delete(services: Services, request: Request) -> Answer:
    """Forget a trigger's state. One that its flow still has begins anew when that is saved."""
    schedules, name = schedules_of(services), name_in_path(request)
    known(schedules, name)
    schedules.forget(name)
    return NO_CONTENT


# --- many


@router.route("POST", "/triggers/set-disabled/by-triggers", consumes=JSON)
def set_disabled_by_triggers(services: Services, request: Request) -> dict[str, Any]:
    """Switch these triggers off or on."""
    body = request.json_object()
    return acted(services, read_names(body.get("triggers")), _switch(disabled=_flag(body)))


@router.route("POST", "/triggers/set-disabled/by-query", query=f"disabled {QUERY}")
def set_disabled_by_query(services: Services, request: Request) -> dict[str, Any]:
    """Switch the triggers off or on that pass."""
    return acted(services, queried(services, request), _switch(disabled=request.flag("disabled", default=True)))


@router.route("DELETE", "/triggers/delete/by-triggers", consumes=JSON)
def delete_by_triggers(services: Services, request: Request) -> dict[str, Any]:
    """Forget these triggers' states."""
    return acted(services, read_names(request.json()), _forgotten)


@router.route("DELETE", "/triggers/delete/by-query", query=QUERY, consumes=JSON)
def delete_by_query(services: Services, request: Request) -> dict[str, Any]:
    """Forget the states of the triggers that pass the filters of the query and of the body."""
    body = request.json() or {}
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object with `filters`")
    filters = [*read_filters(request, FIELDS), *read_filter_objects(body.get("filters"), FIELDS)]
    return acted(services, [state.name for state in matching_triggers(services, filters)], _forgotten)


@router.route("POST", "/triggers/unlock/by-triggers", consumes=JSON)
def unlock_by_triggers(services: Services, request: Request) -> dict[str, Any]:
    """Let these triggers go on."""
    return acted(services, read_names(request.json()), _freed)


@router.route("POST", "/triggers/unlock/by-query", query=QUERY)
def unlock_by_query(services: Services, request: Request) -> dict[str, Any]:
    """Let the triggers go on that pass."""
    return acted(services, queried(services, request), _freed)


# --- done


def _flag(body: dict[str, Any]) -> bool:
    if not isinstance(body.get("disabled"), bool):
        raise BadRequest("`disabled` must be true or false")
    return bool(body["disabled"])


def _switched(services: Services, body: dict[str, Any]) -> dict[str, Any]:
    return switched(services, read_name(body), disabled=_flag(body))


def switched(services: Services, name: Name, *, disabled: bool) -> dict[str, Any]:
    """Switch a trigger off or on; its state. Raises: NotFound."""
    return done(schedules_of(services).switch(name, disabled=disabled), name)


def _switch(*, disabled: bool) -> Act:
    return lambda schedules, name: schedules.switch(name, disabled=disabled)


def _forgotten(schedules: Schedules, name: Name) -> None:
    schedules.forget(name)


def _freed(schedules: Schedules, name: Name) -> TriggerState | None:
    return schedules.unlock(name)
