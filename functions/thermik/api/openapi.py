"""The OpenAPI document of the routes, made from the routes themselves, so that it matches them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from thermik import __version__
from thermik.api.routing import Endpoint

_ERROR = {
    "description": "Refused.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}
_PLACE = re.compile(r"<(\w+)>")


def openapi_document(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """The document, OpenAPI 3.1."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        path = _PLACE.sub(r"{\1}", endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Thermik",
            "version": __version__,
            "description": "Kestra's REST API, as Thermik answers it.",
        },
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": {"Error": _error_schema()}, "securitySchemes": _schemes()},
        "security": [{"basic": []}, {"bearer": []}],
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    summary = (endpoint.handler.__doc__ or "").strip().split("\n")[0]
    operation: dict[str, Any] = {
        "operationId": _operation_id(endpoint),
        "summary": summary,
        "tags": [endpoint.tag],
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint)],
        "responses": {"200": {"description": "Done."}, "4XX": _ERROR},
    }
    if endpoint.consumes is not None:
        operation["requestBody"] = {"content": {endpoint.consumes: {"schema": {}}}}
    if endpoint.open:
        operation["security"] = []
    return operation


def _operation_id(endpoint: Endpoint) -> str:
    # of the path, not the function: several paths share one, and ids must differ
    words = re.sub(r"\W+", "_", endpoint.path.removeprefix("/api/v1/main")).strip("_")
    return f"{endpoint.method.lower()}_{words}"


def _path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PLACE.findall(endpoint.path)
    ]


def _query_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "style": "deepObject", "schema": {"type": "object"}}
        if name == "filters"
        else {"name": name, "in": "query", "schema": {"type": "string"}}
        for name in endpoint.query
    ]


def _schemes() -> dict[str, Any]:
    return {"basic": {"type": "http", "scheme": "basic"}, "bearer": {"type": "http", "scheme": "bearer"}}


def _error_schema() -> dict[str, Any]:
    text = {"type": "string"}
    detail = {"type": "object", "properties": {"message": text, "path": text}}
    embedded = {"type": "object", "properties": {"errors": {"type": "array", "items": detail}}}
    return {
        "type": "object",
        "required": ["message"],
        "properties": {"message": text, "_links": {"type": "object"}, "_embedded": embedded},
    }
