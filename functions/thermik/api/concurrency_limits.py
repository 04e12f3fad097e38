"""Concurrency limits: how many executions of each flow that has one hold a slot."""

from __future__ import annotations

from typing import Any

from thermik.api.errors import NotFound, Unprocessable
from thermik.api.flow_search import every_flow
from thermik.api.listings import page_of
from thermik.api.paging import PAGE_QUERY, page_request
from thermik.api.request import Request
from thermik.api.routing import TENANT, Router
from thermik.api.services import Services
from thermik.executions.slots import Slots
from thermik.flows.problems import InvalidFlow

router = Router("Flows")


@router.route("GET", "/concurrency-limit/search", query=PAGE_QUERY)
def search(services: Services, request: Request) -> dict[str, Any]:
    """A page of the flows that have a limit, each with the number of executions that count towards it."""
    # a look at the text spares parsing the many flows that have no limit
    limited = [each for each in every_flow(services.flows) if "concurrency" in each.source]
    found = page_of([each for each in limited if _limit(services, each.namespace, each.id)], page_request(request))
    return found.wire([_wire(services, each.namespace, each.id) for each in found.items])


@router.route("GET", "/concurrency-limit/<namespace>/<flow_id>")
def get(services: Services, request: Request) -> dict[str, Any]:
    """How many executions of a flow count towards its limit."""
    _check(services, request)
    return _wire(services, request["namespace"], request["flow_id"])


@router.route("PUT", "/concurrency-limit/<namespace>/<flow_id>", consumes="application/json")
def update(services: Services, request: Request) -> dict[str, Any]:
    """Refused but for the number that it is: a slot belongs to an execution, and is free when that has ended."""
    running = request.json_object().get("running")
    _check(services, request)
    now = _wire(services, request["namespace"], request["flow_id"])
    if running != now["running"]:
        raise Unprocessable(
            f"`running` is {now['running']} and cannot be set: each slot belongs to an execution. Kill the execution "
            "that holds it, or let those that wait run by `force-run` or `unqueue`"
        )
    return now


def _limit(services: Services, namespace: str, flow_id: str) -> int | None:
    try:
        concurrency = services.flows.load(namespace, flow_id).flow.concurrency
    except InvalidFlow:  # accepted once and not any more: it does not run either
        return None
    return concurrency.limit if concurrency else None


def _check(services: Services, request: Request) -> None:
    if _limit(services, request["namespace"], request["flow_id"]) is None:
        raise NotFound(f"Flow '{request['namespace']}.{request['flow_id']}' has no concurrency limit")


def _wire(services: Services, namespace: str, flow_id: str) -> dict[str, Any]:
    running = len(Slots(services.table, namespace, flow_id).holders())
    return {"tenantId": TENANT, "namespace": namespace, "flowId": flow_id, "running": running}
