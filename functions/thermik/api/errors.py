"""What the API answers instead of doing the work, and the one place that gives every exception its HTTP status.

ApiError
├── BadRequest          400  the request cannot be read: a parameter, a filter, a body
├── NotAuthenticated    401  no credentials, or wrong ones
├── NotFound            404
├── WrongMethod         405  the path has other methods
├── StateForbids        409  the state of the flow or the execution forbids it
├── TooLarge            413  more than this server takes
└── Unprocessable       422  it can be read, and cannot be done

The layers below have exceptions of their own; `status_of` maps each tree. What nobody foresaw is a 500 with an id
under which the log has the trace.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any

from thermik.api.answers import Answer
from thermik.executions.refusals import Unacceptable, WrongState
from thermik.executions.repository import ExecutionNotFound
from thermik.executions.state import IllegalTransition
from thermik.flows.input_values import InvalidInputs
from thermik.flows.problems import InvalidFlow
from thermik.flows.repository import FlowNotFound
from thermik.identity import new_id
from thermik.machines.client import MachinesUnavailable
from thermik.machines.limits import FlowTooLarge
from thermik.records import record
from thermik.storage.errors import (
    BlobNotFound,
    Conflict,
    InvalidCursor,
    InvalidKey,
    ItemTooLarge,
    Unavailable,
)

_operator = logging.getLogger(__name__)


@record
class Detail:
    """One of several things that are wrong, and what it is about."""

    message: str
    path: str = ""


class ApiError(Exception):
    """A refusal with its HTTP status."""

    status = HTTPStatus.BAD_REQUEST

    def __init__(self, message: str, details: Sequence[Detail] = (), *, body: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.details = tuple(details)
        self.body = body or {}


class BadRequest(ApiError):
    """The request cannot be read."""


class NotAuthenticated(ApiError):
    """No credentials, or wrong ones."""

    status = HTTPStatus.UNAUTHORIZED


class NotFound(ApiError):
    """There is no such thing."""

    status = HTTPStatus.NOT_FOUND


class WrongMethod(ApiError):
    """The path has other methods."""

    status = HTTPStatus.METHOD_NOT_ALLOWED

    def __init__(self, method: str, path: str, allowed: Sequence[str]) -> None:
        self.allowed = ", ".join(allowed)
        super().__init__(f"{method} is not allowed for {path}, which has {self.allowed}")


class StateForbids(ApiError):
    """The state forbids it."""

    status = HTTPStatus.CONFLICT


class TooLarge(ApiError):
    """More than this server takes."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class Unprocessable(ApiError):
    """It can be read, and cannot be done."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


_STATUSES: tuple[tuple[type[Exception], HTTPStatus], ...] = (
    (FlowNotFound, HTTPStatus.NOT_FOUND),
    (ExecutionNotFound, HTTPStatus.NOT_FOUND),
    (BlobNotFound, HTTPStatus.NOT_FOUND),
    (InvalidFlow, HTTPStatus.UNPROCESSABLE_ENTITY),
    (InvalidInputs, HTTPStatus.UNPROCESSABLE_ENTITY),
    (Unacceptable, HTTPStatus.UNPROCESSABLE_ENTITY),
    (WrongState, HTTPStatus.CONFLICT),
    (FlowTooLarge, HTTPStatus.UNPROCESSABLE_ENTITY),
    (InvalidKey, HTTPStatus.UNPROCESSABLE_ENTITY),
    (ItemTooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (InvalidCursor, HTTPStatus.BAD_REQUEST),
    (Conflict, HTTPStatus.CONFLICT),
    (IllegalTransition, HTTPStatus.CONFLICT),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (MachinesUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
)
"""What the exceptions of the layers below mean over HTTP; the first that fits counts."""


def status_of(error: Exception) -> HTTPStatus | None:
    """The status of an exception that was foreseen, None for any other."""
    if isinstance(error, ApiError):
        return error.status
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), None)


def answer_of(error: Exception, path: str) -> Answer:
    """The answer that tells an exception, in Kestra's shape; an unforeseen one is logged under the id that it tells."""
    status = status_of(error)
    if status is None:
        reference = new_id()
        # the trace goes to the log alone: it may hold what the caller must not see
        _operator.error("%s failed (reference %s)", path, reference, exc_info=error)
        message = f"Internal Server Error: the server's log has the cause under the reference {reference}"
        return error_answer(HTTPStatus.INTERNAL_SERVER_ERROR, message, path)
    headers = {"WWW-Authenticate": 'Basic realm="Thermik"'} if status == HTTPStatus.UNAUTHORIZED else {}
    if isinstance(error, WrongMethod):
        headers = {"Allow": error.allowed}
    body = error.body if isinstance(error, ApiError) else {}
    return error_answer(status, str(error), path, [*_details(error)], headers=headers, more=body)


def error_answer(
    status: HTTPStatus,
    message: str,
    path: str,
    details: Sequence[Detail] = (),
    *,
    headers: dict[str, str] | None = None,
    more: dict[str, Any] | None = None,
) -> Answer:
    """An error in Kestra's shape: `{message, _links, _embedded}`."""
    body: dict[str, Any] = {"message": message, **(more or {}), "_links": {"self": {"href": path, "templated": False}}}
    errors = [{"message": detail.message, "path": detail.path} for detail in details] or [{"message": message}]
    return Answer({**body, "_embedded": {"errors": errors}}, status=status, headers=headers or {})


def _details(error: Exception) -> Iterator[Detail]:
    if isinstance(error, ApiError):
        yield from error.details
    elif isinstance(error, (InvalidFlow, InvalidInputs)):
        yield from (Detail(problem.message, problem.path) for problem in error.problems)
