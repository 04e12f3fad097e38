"""Requests to a server's REST API and their JSON answers, over one connection that is kept."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from thermik.cli.client import Json
from thermik.cli.failures import CommandFailed
from thermik.cli.forms import Form
from thermik.settings import Settings

TENANT = "main"
PAGE = 100
TIMEOUT_SECONDS = 60.0

Query = Mapping[str, str | int | None] | list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Sent:
    """What a request carries; its length in bytes, where it is a stream; and headers of its own."""

    content: bytes | Form
    media_type: str
    length: int | None = None
    more: Mapping[str, str] = field(default_factory=dict)

    def headers(self) -> dict[str, str]:
        """The headers that tell of it."""
        size = {} if self.length is None else {"Content-Length": str(self.length)}
        return {"Content-Type": self.media_type, **size, **self.more}


class Wire:
    """A connection to a server."""

    def __init__(self, url: str, settings: Settings) -> None:
        self._url = url
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.netloc, timeout=TIMEOUT_SECONDS)
        self._base = f"{parts.path}/api/v1/{TENANT}"
        self._headers = {"Accept": "application/json", **_credentials(settings)}

    def close(self) -> None:
        """Give up the connection."""
        self._connection.close()

    def pages(self, path: str, query: Mapping[str, str | None], size: int = PAGE) -> Iterator[Json]:
        """What all pages of a list have, a page at a time. Raises: CommandFailed."""
        page = 1
        while True:
            answer = object_of(self.call("GET", path, {**query, "page": page, "size": size})[1])
            yield from answer["results"]
            # the total of a long list is known a few pages ahead only, and grows on the way
            if page * size >= answer["total"] or not answer["results"]:
                return
            page += 1

    def call(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        *,
        body: Sent | None = None,
        accepted: tuple[int, ...] = (),
    ) -> tuple[int, Any]:
        """A request's status and JSON answer. Raises: CommandFailed, unless it went well or its status is accepted."""
        response = self.ask(method, path, query, body=body, accepted=accepted)
        content = self.read(response)
        return response.status, _json(content) if content else None

    def ask(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        *,
        body: Sent | None = None,
        accepted: tuple[int, ...] = (),
    ) -> http.client.HTTPResponse:
        """A request's answer, which must be read to its end. Raises: CommandFailed, as `call`."""
        headers = self._headers | (body.headers() if body else {})
        content = body.content if body else None
        try:
            self._connection.request(method, self._base + path + _query(query), body=content, headers=headers)
            response = self._connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise self.lost(error) from error
        if response.status >= 400 and response.status not in accepted:
            raise CommandFailed(_refusal(response.status, self.read(response)))
        return response

    def read(self, response: http.client.HTTPResponse) -> bytes:
        """An answer's bytes, to its end. Raises: CommandFailed."""
        try:
            return response.read()
        except (OSError, http.client.HTTPException) as error:
            raise self.lost(error) from error

    def lost(self, error: Exception) -> CommandFailed:
        """What to tell of a connection that broke."""
        self._connection.close()
        return CommandFailed(f"no answer from {self._url}: {_reason(error)}; is `thermik server` running?")


def _credentials(settings: Settings) -> dict[str, str]:
    if settings.token is not None:
        return {"Authorization": f"Bearer {settings.token}"}
    if settings.username is not None:
        pair = f"{settings.username}:{settings.password}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    return {}


def path_of(*parts: str) -> str:
    """A path of these parts, each quoted."""
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def _query(query: Query | None) -> str:
    pairs = query.items() if isinstance(query, Mapping) else query or ()
    given = [(name, value) for name, value in pairs if value is not None]
    return f"?{urlencode(given)}" if given else ""


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError as error:
        raise CommandFailed("the answer is no JSON: is the URL that of a Thermik server?") from error


def object_of(answer: Any) -> Json:
    """An answer that must be an object. Raises: CommandFailed."""
    if not isinstance(answer, dict):
        raise CommandFailed("the answer is no object: is the URL that of a Thermik server?")
    return answer


def list_of(answer: Any) -> list[Json]:
    """An answer that must be a list. Raises: CommandFailed."""
    if not isinstance(answer, list):
        raise CommandFailed("the answer is no list: is the URL that of a Thermik server?")
    return answer


def _refusal(status: int, content: bytes) -> str:
    """The server's own words."""
    if status == 401:
        return "the server wants credentials: give --username and --password, or --token (or their variables)"
    try:
        answer = json.loads(content)
        message = str(answer["message"])
    except (ValueError, KeyError, TypeError):
        return f"the server answers {status}: {content[:200].decode(errors='replace')}"
    return message


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
