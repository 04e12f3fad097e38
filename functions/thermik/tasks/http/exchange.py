"""Sends a request, follows redirects, and gives the answer to read, within bounds."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import urljoin

from thermik.tasks.http.bodies import Body
from thermik.tasks.http.connection import (
    Address,
    Cutter,
    basic,
    connect,
    proxy_headers,
    read_address,
    speaks_to_proxy,
    target_of,
)
from thermik.tasks.http.models import HttpTask
from thermik.tasks.http.options import HttpOptions, Logged
from thermik.tasks.runnable import RunContext, TaskFailure
from thermik.tasks.structured import rendered_list, rendered_map

MAX_REDIRECTS = 20
MAX_SHOWN = 4_000
"""Characters of a failed answer's body that the error shows."""

_REDIRECTS = {301, 302, 303, 307, 308}
_CHUNK = 64 * 1024
_SECRET_HEADERS = {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A response whose body is still to be read, at most `limit` bytes of it."""

    status: int
    headers: Mapping[str, list[str]]
    response: HTTPResponse
    context: RunContext
    limit: int

    def chunks(self) -> Iterator[bytes]:
        """The body, in pieces.

        Raises:
            TaskFailure: it is longer than the limit, or shorter than announced.
            TaskInterrupted: the attempt must stop.
        """
        size = 0
        while chunk := self.response.read(_CHUNK):
            self.context.check()
            size += len(chunk)
            if size > self.limit:
                raise TaskFailure(f"The response is longer than {self.limit} bytes (`options.maxContentLength`)")
            yield chunk
        if (
            self.response.length
        ):  # what http.client still expects; it does not complain by itself when reading in pieces
            raise TaskFailure(f"The response ended {self.response.length} bytes too early")

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next((values[0] for given, values in self.headers.items() if given.lower() == name.lower()), None)


@contextmanager
def exchange(task: HttpTask, context: RunContext, body: Body, limit: int) -> Iterator[Answer]:
    """Send the task's request; the answer is open within the block.

    Raises:
        TaskFailure: the server cannot be reached, answers with a failure that is not allowed, or redirects too often.
        TaskInterrupted: the attempt must stop.
    """
    url, method = task.url(context), context.render(task.method).upper()
    headers = _headers(task, context, body)
    cutter = Cutter(context)
    try:
        for _ in range(MAX_REDIRECTS + 1):
            address = read_address(url)
            with _sent(task, context, (method, address, headers, body), cutter) as response:
                location = response.getheader("Location")
                if response.status not in _REDIRECTS or not location or not _follows(task, context):
                    yield _answer(task, context, response, limit)
                    return
            url = urljoin(url, location)
            method, headers, body = _after_redirect(response.status, method, headers, body)
            if read_address(url).origin != address.origin:
                headers = {name: value for name, value in headers.items() if name.lower() not in _SECRET_HEADERS}
    except (OSError, http.client.HTTPException, ValueError) as error:
        context.check()  # the connection was cut
        raise TaskFailure(f"Failed http request to '{url}': {error or type(error).__name__}") from error
    raise TaskFailure(f"The server redirects more than {MAX_REDIRECTS} times, last to '{url}'")


def _follows(task: HttpTask, context: RunContext) -> bool:
    follows: bool = context.render_as(bool, task.options.follow_redirects)
    return follows


@contextmanager
def _sent(
    task: HttpTask, context: RunContext, request: tuple[str, Address, dict[str, str], Body], cutter: Cutter
) -> Iterator[HTTPResponse]:
    method, address, headers, body = request
    if speaks_to_proxy(task.options, address):
        headers = headers | proxy_headers(context, task.options)
    connection = connect(context, task.options, address, cutter)
    try:
        _log(task.options, context, Logged.REQUEST_HEADERS, f"{method} {address.host}{address.target}", headers)
        if isinstance(body.content, Path):
            sized = headers | {"Content-Length": str(body.content.stat().st_size)}
            with body.content.open("rb") as file:
                connection.request(method, target_of(task.options, address), file, sized)
        else:
            connection.request(method, target_of(task.options, address), body.content, headers)
        yield connection.getresponse()
    finally:
        cutter.watch(None)
        connection.close()


def _headers(task: HttpTask, context: RunContext, body: Body) -> dict[str, str]:
    """All headers of the request; those that the flow names win."""
    headers = {"Accept-Encoding": "identity", "User-Agent": "Thermik"}
    if body.content_type is not None:
        headers["Content-Type"] = body.content_type
    auth = task.options.auth
    if auth is not None:
        headers["Authorization"] = (
            f"Bearer {context.render(auth.token)}"
            if auth.type == "BEARER"
            else basic(context.render(auth.username), context.render(auth.password))
        )
    given = {name: str(value) for name, value in rendered_map(context, "headers", task.headers).items()}
    named = {name.lower() for name in given}
    return {name: value for name, value in headers.items() if name.lower() not in named} | given


def _after_redirect(status: int, method: str, headers: dict[str, str], body: Body) -> tuple[str, dict[str, str], Body]:
    """What is sent to the new place: 303, and 301 or 302 after POST, become a GET without the body, as everywhere."""
    if status == 303 or (status in (301, 302) and method == "POST"):
        kept = {name: value for name, value in headers.items() if name.lower() != "content-type"}
        return ("HEAD" if method == "HEAD" else "GET"), kept, Body()
    return method, headers, body


def _answer(task: HttpTask, context: RunContext, response: HTTPResponse, limit: int) -> Answer:
    headers: dict[str, list[str]] = {}
    for name, value in response.getheaders():
        headers.setdefault(name, []).append(value)
    _log(task.options, context, Logged.RESPONSE_HEADERS, f"response {response.status}", headers)
    answer = Answer(response.status, headers, response, context, limit)
    if not _allowed(task.options, context, response.status):
        raise TaskFailure(_failure(answer))
    return answer


def _allowed(options: HttpOptions, context: RunContext, status: int) -> bool:
    if context.render_as(bool, options.allow_failed):
        return True
    if options.allowed_response_codes is not None:
        return str(status) in rendered_list(context, "allowedResponseCodes", options.allowed_response_codes)
    return status < 400


def _failure(answer: Answer) -> str:
    shown = b""
    with suppress(TaskFailure):  # too long or cut short: what has come is shown
        for chunk in answer.chunks():
            shown += chunk
            if len(shown) > MAX_SHOWN:
                break
    body = shown[:MAX_SHOWN].decode("utf-8", "replace")
    said = f" and body:\n{body}" if body else ""
    return f"Failed http request with response code '{answer.status}'{said}"


def _log(
    options: HttpOptions, context: RunContext, what: Logged, title: str, headers: Mapping[str, str | list[str]]
) -> None:
    if what not in options.logs:
        return
    lines = (f"{name}: {'***' if name.lower() in _SECRET_HEADERS else value}" for name, value in headers.items())
    context.log.debug("\n".join([title, *lines]))
