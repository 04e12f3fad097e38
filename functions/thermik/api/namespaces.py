"""Namespaces: those that have flows, and those above them."""

from __future__ import annotations

from typing import Any

from thermik.api.errors import BadRequest
from thermik.api.listings import page_of
from thermik.api.paging import PAGE_QUERY, dotted, page_request, sort_items
from thermik.api.request import Request
from thermik.api.routing import Router
from thermik.api.services import Services

router = Router("Namespaces")


@router.route("GET", "/namespaces/search", query=f"{PAGE_QUERY} q existing filters")
def search(services: Services, request: Request) -> dict[str, Any]:
    """A page of the namespaces whose name has a text in it."""
    wanted = page_request(request)
    text = (request.get("q") or request.get("filters[q][EQUALS]") or "").lower()
    found = [_wire(name) for name in every_namespace(services) if text in name.lower()]
    listed = page_of(sort_items(found, wanted.orders, dotted), wanted)
    return listed.wire(listed.items)


@router.route("GET", "/namespaces/<namespace>")
def get(_services: Services, request: Request) -> dict[str, Any]:
    """A namespace; there is none that does not exist."""
    return _wire(request["namespace"])


@router.route("POST", "/namespaces/autocomplete", consumes="application/json")
def autocomplete(services: Services, request: Request) -> list[str]:
    """The names of namespaces that have a text in them, or are named."""
    body = request.json() or {}
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object")
    text = str(body.get("q") or "").lower()
    named = [str(each) for each in body.get("ids") or []]
    return sorted({*named, *(name for name in every_namespace(services) if text in name.lower())})


def every_namespace(services: Services) -> list[str]:
    """Every namespace with a flow, and those above them, by name."""
    return sorted({each for namespace in services.flows.namespaces() for each in upwards(namespace)})


def upwards(namespace: str) -> list[str]:
    """A namespace and those above it, nearest first."""
    parts = namespace.split(".")
    return [".".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _wire(name: str) -> dict[str, Any]:
    return {"id": name, "deleted": False}
