"""What the server is: whether it is ready, its version, and the document of its API."""

from __future__ import annotations

from typing import Any

from thermik import __version__
from thermik.api.request import Request
from thermik.api.routing import Router
from thermik.api.services import Services

router = Router("Server", prefix="")


@router.route("GET", "/health", open=True)  # load balancers and `docker` ask without credentials
def health(services: Services, _request: Request) -> dict[str, str]:
    """Whether the server is ready: it is, once its table answers."""
    services.flows.list(limit=1)
    return {"status": "UP"}


@router.route("GET", "/openapi", "/api/v1/openapi.json")
def openapi(_services: Services, _request: Request) -> dict[str, Any]:
    """This document."""
    from thermik.api.application import endpoints
    from thermik.api.openapi import openapi_document

    return openapi_document(endpoints())


@router.route("GET", "/api/v1/configs", "/api/v1/main/configs")
def configs(_services: Services, _request: Request) -> dict[str, Any]:
    """What Kestra's clients ask a server about itself."""
    return {
        "version": __version__,
        "edition": "OSS",
        "isAnonymousUsageEnabled": False,
        "isTemplateEnabled": False,
        "isCustomDashboardsEnabled": False,
        "isBasicAuthEnabled": False,
        "isConcurrencyViewEnabled": False,
        "isAiEnabled": False,
    }
