"""`Client` on a server's REST API, over one connection that is kept."""

from __future__ import annotations

import base64
import http.client
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode, urlsplit

from thermik.cli.client import Json, Search, Start
from thermik.cli.failures import CommandFailed
from thermik.cli.forms import Form
from thermik.cli.uploads import DIRECT_BYTES, fetch, is_large, send
from thermik.settings import Settings

TENANT = "main"
PAGE = 100
TIMEOUT_SECONDS = 60.0
PIECE = 64 * 1024
LOOK_AGAIN_SECONDS = 0.1
"""How often an execution is asked for while it runs; each time costs the server two reads."""

YAML = "application/x-yaml"

Query = Mapping[str, str | int | None] | list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Sent:
    """What a request carries; its length in bytes, where it is a stream."""

    content: bytes | Form
    media_type: str
    length: int | None = None

    def headers(self) -> dict[str, str]:
        """The headers that tell of it."""
        size = {} if self.length is None else {"Content-Length": str(self.length)}
        return {"Content-Type": self.media_type, **size}


class HttpClient:
    """A server's flows and executions."""

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

    # --- flows

    def save_flow(self, source: str) -> Json:
        """Update the flow, or create it where there is none."""
        from thermik.flows.source import read_source

        data = read_source(source).data
        namespace, flow_id = str(data.get("namespace")), str(data.get("id"))
        body = Sent(source.encode(), YAML)
        status, answer = self._call("PUT", _path("flows", namespace, flow_id), body=body, accepted=(404,))
        if status == 404:
            _, answer = self._call("POST", "/flows", body=body)
        return _object(answer)

    def flow(self, namespace: str, flow_id: str, revision: int | None = None) -> Json:
        """A flow with its source."""
        query = {"source": "true", "revision": revision}
        return _object(self._call("GET", _path("flows", namespace, flow_id), query)[1])

    def flows(self, namespace: str | None) -> Iterator[Json]:
        """Every flow, a page at a time."""
        query = {"filters[namespace][EQUALS]": namespace} if namespace else {}
        return self._pages("/flows/search", query)

    def revisions(self, namespace: str, flow_id: str) -> list[Json]:
        """Every revision."""
        return _list(self._call("GET", _path("flows", namespace, flow_id, "revisions"))[1])

    def delete_flow(self, namespace: str, flow_id: str) -> None:
        """Delete the flow."""
        self._call("DELETE", _path("flows", namespace, flow_id))

    # --- namespaces

    def namespaces(self) -> list[str]:
        """Every namespace."""
        return [each["id"] for each in self._pages("/namespaces/search", {})]

    def namespace_files(self, namespace: str) -> list[str]:
        """The paths of its files."""
        return [str(each) for each in _list(self._call("GET", _files(namespace, "search"))[1])]

    def read_namespace_file(self, namespace: str, path: str, sink: BinaryIO) -> None:
        """Copy the file, from the server or from where it says that the file is."""
        response = self._ask("GET", _files(namespace), {"path": path})
        elsewhere = response.headers.get("Location")
        if elsewhere is not None:
            self._read(response)
            fetch(elsewhere, sink)
            return
        while piece := response.read1(PIECE):
            sink.write(piece)
        if response.length:
            raise self._lost(http.client.IncompleteRead(b"", response.length))

    def write_namespace_file(self, namespace: str, path: str, source: Path) -> None:
        """Send the file, to the storage if it is large and the server says where."""
        query = {"path": path}
        if is_large(source):
            offer = self._call("POST", _files(namespace, "uploads"), query, accepted=(404,))
            if offer[0] == 200:
                send(_object(offer[1]), source)
                return
        with Form({}, {"fileContent": source}, file_names={"fileContent": "content"}) as form:
            self._call("POST", _files(namespace), query, body=Sent(form, form.content_type, form.length))

    def delete_namespace_file(self, namespace: str, path: str) -> None:
        """Delete it, if it is there."""
        self._call("GET", _files(namespace, "stats"), {"path": path})
        self._call("DELETE", _files(namespace), {"path": path})

    # --- executions

    def start(self, wanted: Start) -> Json:
        """Send inputs and files as a form; files are streamed."""
        query = [("labels", f"{key}:{value}") for key, value in wanted.labels]
        if wanted.revision is not None:
            query.append(("revision", str(wanted.revision)))
        path = _path("executions", wanted.namespace, wanted.flow_id)
        uploaded = self._uploaded(path, wanted.files)
        files = {name: file for name, file in wanted.files.items() if name not in uploaded}
        with Form({**wanted.inputs, **uploaded}, files) as form:
            body = Sent(form, form.content_type, form.length)
            return _object(self._call("POST", path, query, body=body)[1])

    def execution(self, execution_id: str) -> Json:
        """The execution."""
        return _object(self._call("GET", _path("executions", execution_id))[1])

    def executions(self, search: Search) -> list[Json]:
        """The newest executions that fit."""
        query = {
            "filters[namespace][EQUALS]": search.namespace,
            "filters[flowId][EQUALS]": search.flow_id,
            "filters[state][EQUALS]": search.state,
            "sort": "state.startDate:desc",
        }
        pages = self._pages("/executions/search", query, size=min(search.limit, PAGE))
        return [execution for execution, _ in zip(pages, range(search.limit), strict=False)]

    def logs(self, execution_id: str) -> list[Json]:
        """The whole log."""
        return _list(self._call("GET", _path("logs", execution_id))[1])

    def restart(self, execution_id: str) -> Json:
        """Ask the server to run it again."""
        return _object(self._call("POST", _path("executions", execution_id, "actions", "restart"))[1])

    def replay(self, execution_id: str, task_run_id: str | None, revision: int | None) -> Json:
        """Ask the server to run another like it."""
        query = {"taskRunId": task_run_id, "revision": revision}
        return _object(self._call("POST", _path("executions", execution_id, "actions", "replay"), query)[1])

    def kill(self, execution_id: str) -> None:
        """Ask the server to kill it."""
        self._call("DELETE", _path("executions", execution_id, "actions", "kill"))

    def wait(self, execution_id: str, seconds: float) -> None:  # noqa: ARG002 - a server is asked, it does not tell
        """Sleep for a moment."""
        time.sleep(min(seconds, LOOK_AGAIN_SECONDS))

    def _uploaded(self, path: str, files: Mapping[str, Path]) -> dict[str, str]:
        """Send files that are too large for a form ahead, if the server says where; their URIs by input."""
        large = sorted(name for name, file in files.items() if is_large(file))
        if sum(file.stat().st_size for file in files.values()) > DIRECT_BYTES:
            large = large or sorted(files)
        if not large:
            return {}
        status, answer = self._call("POST", f"{path}/uploads", [("input", name) for name in large], accepted=(404,))
        if status != 200:
            return {}
        offers = _object(answer)["uploads"]
        for offer in offers:
            send(offer, files[offer["input"]])
        return {offer["input"]: offer["uri"] for offer in offers}

    # --- the wire

    def _pages(self, path: str, query: Mapping[str, str | None], size: int = PAGE) -> Iterator[Json]:
        page = 1
        while True:
            answer = _object(self._call("GET", path, {**query, "page": page, "size": size})[1])
            yield from answer["results"]
            if page * size >= answer["total"] or not answer["results"]:
                return
            page += 1

    def _call(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        *,
        body: Sent | None = None,
        accepted: tuple[int, ...] = (),
    ) -> tuple[int, Any]:
        """A request's status and JSON answer. Raises: CommandFailed, unless it went well or its status is accepted."""
        response = self._ask(method, path, query, body=body, accepted=accepted)
        content = self._read(response)
        return response.status, _json(content) if content else None

    def _ask(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        *,
        body: Sent | None = None,
        accepted: tuple[int, ...] = (),
    ) -> http.client.HTTPResponse:
        """A request's answer, which must be read to its end. Raises: CommandFailed, as `_call`."""
        headers = self._headers | (body.headers() if body else {})
        content = body.content if body else None
        try:
            self._connection.request(method, self._base + path + _query(query), body=content, headers=headers)
            response = self._connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise self._lost(error) from error
        if response.status >= 400 and response.status not in accepted:
            raise CommandFailed(_refusal(response.status, self._read(response)))
        return response

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        try:
            return response.read()
        except (OSError, http.client.HTTPException) as error:
            raise self._lost(error) from error

    def _lost(self, error: Exception) -> CommandFailed:
        self._connection.close()
        return CommandFailed(f"no answer from {self._url}: {_reason(error)}; is `thermik server` running?")


def _credentials(settings: Settings) -> dict[str, str]:
    if settings.token is not None:
        return {"Authorization": f"Bearer {settings.token}"}
    if settings.username is not None:
        pair = f"{settings.username}:{settings.password}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    return {}


def _path(*parts: str) -> str:
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def _files(namespace: str, *more: str) -> str:
    return _path("namespaces", namespace, "files", *more)


def _query(query: Query | None) -> str:
    pairs = query.items() if isinstance(query, Mapping) else query or ()
    given = [(name, value) for name, value in pairs if value is not None]
    return f"?{urlencode(given)}" if given else ""


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError as error:
        raise CommandFailed("the answer is no JSON: is the URL that of a Thermik server?") from error


def _object(answer: Any) -> Json:
    if not isinstance(answer, dict):
        raise CommandFailed("the answer is no object: is the URL that of a Thermik server?")
    return answer


def _list(answer: Any) -> list[Json]:
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
