"""Routers: each resource's module has one, on which its routes stand beside their functions.

A route's function takes the services and the request and returns an `Answer`, or a value that becomes a JSON answer.
Its docstring and its query parameters make the OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from thermik.api.request import Request
from thermik.api.services import Services

Handler = Callable[[Services, Request], Any]
HandlerT = TypeVar("HandlerT", bound=Handler)

TENANT = "main"
BASE = f"/api/v1/{TENANT}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route.

    Attributes:
        path: with `<name>` for what varies.
        tag: the resource, in the OpenAPI document.
        query: names of the query parameters that it reads.
        consumes: media type of the body, None if it takes none.
        open: whether it answers without credentials.
    """

    method: str
    path: str
    handler: Handler
    tag: str
    query: tuple[str, ...] = ()
    consumes: str | None = None
    open: bool = False

    @property
    def order(self) -> tuple[bool, ...]:
        """Routes are tried in this order: literal parts before those that vary."""
        # part by part: `/flows/search` before `/flows/<namespace>`, which would take `search` for a namespace
        return tuple(part.startswith("<") for part in self.path.split("/"))


class Router:
    """The routes of one resource."""

    def __init__(self, tag: str, prefix: str = BASE) -> None:
        self.tag = tag
        self.prefix = prefix
        self.endpoints: list[Endpoint] = []

    def route(
        self,
        methods: str,
        *paths: str,
        query: str = "",
        consumes: str | None = None,
        open: bool = False,  # noqa: A002
    ) -> Callable[[HandlerT], HandlerT]:
        """Register a function for methods (`"GET POST"`) and paths below the prefix; `query` names its parameters."""

        def register(handler: HandlerT) -> HandlerT:
            for method in methods.split():
                for path in paths:
                    place = self.prefix + path
                    parameters = tuple(query.split())
                    self.endpoints.append(Endpoint(method, place, handler, self.tag, parameters, consumes, open))
            return handler

        return register
