"""The API as one function, an event of API Gateway in and an answer out: for the Lambda function and the laptop.

Each route's function is wrapped once: who asks is checked, the event becomes a `Request`, exceptions become answers.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from importlib import import_module
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

from thermik.api.answers import Answer, BlobBody
from thermik.api.auth import Credentials
from thermik.api.bodies import Body, body_of
from thermik.api.errors import BadRequest, answer_of
from thermik.api.refused import refusal_of
from thermik.api.request import Request, read_query
from thermik.api.resolver import ThreadedResolver
from thermik.api.routing import Endpoint, Router
from thermik.api.services import Services

RESOURCES = (
    "backfills",
    "bulk",
    "concurrency_limits",
    "configs",
    "csv_exports",
    "dependencies",
    "evaluation",
    "execution_actions",
    "execution_facts",
    "execution_files",
    "executions",
    "expressions",
    "flow_expressions",
    "flow_sources",
    "flows",
    "graphs",
    "flows_bulk",
    "follow",
    "input_checks",
    "key_values",
    "logs",
    "metric_series",
    "metrics",
    "namespace_files",
    "namespaces",
    "outputs",
    "plugins",
    "secrets",
    "uploads",
    "task_runs",
    "triggers",
    "webhooks",
)
"""The modules of this package that have a `router`."""


@dataclass(slots=True)
class Call:
    """What comes with an event beside it, and the answer as it was before it became API Gateway's.

    Attributes:
        body: the request's bytes where they are not in the event.
        answer: set when the event has been answered.
    """

    body: Body | None = None
    answer: Answer | None = None


class Api:
    """Answers events. Threads may share it."""

    def __init__(self, services: Services, credentials: Credentials | None) -> None:
        self.services = services
        self._credentials = credentials
        self._resolver = ThreadedResolver()
        for endpoint in endpoints():
            self._resolver.route(rule=endpoint.path, method=endpoint.method)(self._route(endpoint))
        self._resolver.not_found(self._not_found)
        self._resolver.make_ready()  # before any thread asks: see `resolver.py`

    def resolve(self, event: Mapping[str, Any], call: Call) -> dict[str, Any]:
        """Answer an event: `{statusCode, headers, body, isBase64Encoded}`; a blob's body is left to the caller."""
        return self._resolver.resolve(event, call)

    def admit(self, headers: Mapping[str, str]) -> None:
        """Let a request pass that is not answered by a route. Raises: NotAuthenticated."""
        if self._credentials is not None:
            self._credentials.check(headers)

    def _route(self, endpoint: Endpoint) -> Callable[..., Response[Any]]:
        def answer(**variables: str) -> Response[Any]:
            return self._answer(endpoint, variables)

        return answer

    def _answer(self, endpoint: Endpoint, variables: Mapping[str, str]) -> Response[Any]:
        event: Mapping[str, Any] = self._resolver.current_event.raw_event
        call: Call = self._resolver.lambda_context
        try:
            if not endpoint.open:
                self.admit(event["headers"])
            call.answer = _as_answer(endpoint.handler(self.services, request_of(event, variables, call)))
        except Exception as error:  # noqa: BLE001 - what is not foreseen is logged and told by its reference
            call.answer = answer_of(error, event["rawPath"])
        return _response(call.answer)

    def _not_found(self, _error: NotFoundError) -> Response[Any]:
        event: Mapping[str, Any] = self._resolver.current_event.raw_event
        call: Call = self._resolver.lambda_context
        path = event["rawPath"]
        try:
            self.admit(event["headers"])  # who may not ask is not told which routes there are
            raise refusal_of(event["requestContext"]["http"]["method"], path, endpoints())  # noqa: TRY301 - one mapping
        except Exception as error:  # noqa: BLE001 - as above
            call.answer = answer_of(error, path)
        return _response(call.answer)


def request_of(event: Mapping[str, Any], variables: Mapping[str, str], call: Call) -> Request:
    """The request of an event. Raises: BadRequest."""
    return Request(
        method=event["requestContext"]["http"]["method"],
        path=event["rawPath"],
        variables=variables,
        query=read_query(event.get("rawQueryString", "")),
        headers=event["headers"],
        body=call.body if call.body is not None else _body(event),
    )


def _body(event: Mapping[str, Any]) -> Body:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return body_of(text.encode())
    try:
        return body_of(base64.b64decode(text, validate=True))
    except binascii.Error:
        raise BadRequest("The body cannot be decoded") from None


def _as_answer(value: Any) -> Answer:
    return value if isinstance(value, Answer) else Answer(value)


def _response(answer: Answer) -> Response[Any]:
    body = None if isinstance(answer.body, BlobBody) else answer.content()
    headers: dict[str, str | list[str]] = dict(answer.headers)
    media_type = None if body is None and answer.status == HTTPStatus.NO_CONTENT else answer.media_type
    return Response(status_code=int(answer.status), content_type=media_type, body=body, headers=headers)


def endpoints() -> list[Endpoint]:
    """Every route, in the order in which they are tried."""
    routers: Iterable[Router] = (import_module(f"thermik.api.{name}").router for name in RESOURCES)
    return sorted((endpoint for router in routers for endpoint in router.endpoints), key=lambda each: each.order)
