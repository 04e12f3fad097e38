"""Secrets: which there are, never what they hold. They are the installation's, so every namespace has the same."""

from __future__ import annotations

from typing import Any

from thermik.api.errors import Unprocessable
from thermik.api.filters import matches, read_filters
from thermik.api.listings import page_of
from thermik.api.paging import PAGE_QUERY, dotted, page_request, sort_items
from thermik.api.request import Request
from thermik.api.routing import Router
from thermik.api.services import Services

FIELDS = frozenset(["q", "namespace"])

router = Router("Secrets")


@router.route("GET", "/secrets", "/namespaces/<namespace>/secrets", query=f"{PAGE_QUERY} q namespace filters")
def search(services: Services, request: Request) -> dict[str, Any]:
    """A page of the keys of the secrets."""
    filters, wanted = read_filters(request, FIELDS), page_request(request)
    now = services.now()
    found = [
        {"key": key}
        for key in _keys(services)
        # they are in every namespace, so whatever is asked of the namespace holds
        if matches([each for each in filters if getattr(each, "field", "") != "namespace"], {"q": (key,)}.get, now)
    ]
    listed = page_of(sort_items(found, wanted.orders, dotted), wanted)
    return {"readOnly": True, **listed.wire(listed.items)}


@router.route("GET", "/namespaces/<namespace>/inherited-secrets")
def inherited(services: Services, request: Request) -> dict[str, list[str]]:
    """The keys of the secrets by the namespace that has them."""
    return {request["namespace"]: _keys(services)}


@router.route("PUT", "/namespaces/<namespace>/secrets", consumes="application/json")
@router.route("PATCH DELETE", "/namespaces/<namespace>/secrets/<key>", consumes="application/json")
def write(_services: Services, _request: Request) -> dict[str, Any]:
    """Refused: secrets are set where the server runs."""
    raise Unprocessable(
        "Secrets cannot be written by the API: set SECRET_<KEY> for a server on a machine, or the secret in AWS "
        "Secrets Manager"
    )


def _keys(services: Services) -> list[str]:
    """The keys, by name. Raises: Unprocessable: the store does not tell."""
    keys = getattr(services.ports.secret, "keys", None) if services.ports is not None else None
    if keys is None:
        raise Unprocessable("The secrets of this installation cannot be listed: see AWS Secrets Manager")
    return sorted(keys())
