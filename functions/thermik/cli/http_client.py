"""`Client` on a server's REST API, over one connection that is kept."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from thermik.cli.client import Json, Search, Start
from thermik.cli.forms import Form
from thermik.cli.http_actions import HttpActions, HttpPairs, HttpTriggers
from thermik.cli.uploads import DIRECT_BYTES, fetch, is_large, send
from thermik.cli.wire import PAGE, Sent, Wire, list_of, object_of, path_of
from thermik.settings import Settings

PIECE = 64 * 1024
LOOK_AGAIN_SECONDS = 0.1
"""How often an execution is asked for while it runs; each time costs the server two reads."""

YAML = "application/x-yaml"


class HttpClient:
    """A server's flows and executions."""

    def __init__(self, url: str, settings: Settings) -> None:
        self._wire = Wire(url, settings)
        self.actions = HttpActions(self._wire)
        self.pairs = HttpPairs(self._wire)
        self.triggers = HttpTriggers(self._wire)

    def close(self) -> None:
        """Give up the connection."""
        self._wire.close()

    # --- flows

    def save_flow(self, source: str) -> Json:
        """Update the flow, or create it where there is none."""
        from thermik.flows.source import read_source

        data = read_source(source).data
        namespace, flow_id = str(data.get("namespace")), str(data.get("id"))
        body = Sent(source.encode(), YAML)
        update = ("PUT", path_of("flows", namespace, flow_id), (404,))
        create = ("POST", "/flows", (422,))
        for method, path, passed_over in (update, create, update):  # once more: somebody else may have created it
            status, answer = self._wire.call(method, path, body=body, accepted=passed_over)
            if status == 200:
                return object_of(answer)
        return object_of(self._wire.call("POST", "/flows", body=body)[1])  # which tells why it is refused

    def flow(self, namespace: str, flow_id: str, revision: int | None = None) -> Json:
        """A flow with its source."""
        query = {"source": "true", "revision": revision}
        return object_of(self._wire.call("GET", path_of("flows", namespace, flow_id), query)[1])

    def flows(self, namespace: str | None) -> Iterator[Json]:
        """Every flow, a page at a time."""
        query = {"filters[namespace][EQUALS]": namespace} if namespace else {}
        return self._wire.pages("/flows/search", query)

    def revisions(self, namespace: str, flow_id: str) -> list[Json]:
        """Every revision."""
        return list_of(self._wire.call("GET", path_of("flows", namespace, flow_id, "revisions"))[1])

    def delete_flow(self, namespace: str, flow_id: str) -> None:
        """Delete the flow."""
        self._wire.call("DELETE", path_of("flows", namespace, flow_id))

    # --- namespaces

    def namespaces(self) -> list[str]:
        """Every namespace."""
        return [each["id"] for each in self._wire.pages("/namespaces/search", {})]

    def namespace_files(self, namespace: str) -> list[str]:
        """The paths of its files."""
        return [str(each) for each in list_of(self._wire.call("GET", _files(namespace, "search"))[1])]

    def read_namespace_file(self, namespace: str, path: str, sink: BinaryIO) -> None:
        """Copy the file, from the server or from where it says that the file is."""
        response = self._wire.ask("GET", _files(namespace), {"path": path})
        elsewhere = response.headers.get("Location")
        if elsewhere is not None:
            self._wire.read(response)
            fetch(elsewhere, sink)
            return
        while piece := response.read1(PIECE):
            sink.write(piece)
        if response.length:  # `read1` ends without an error where the connection breaks
            raise self._wire.lost(http.client.IncompleteRead(b"", response.length))

    def write_namespace_file(self, namespace: str, path: str, source: Path) -> None:
        """Send the file, to the storage if it is large and the server says where."""
        query = {"path": path}
        if is_large(source):
            offer = self._wire.call("POST", _files(namespace, "uploads"), query, accepted=(404,))
            if offer[0] == 200:
                send(object_of(offer[1]), source)
                return
        with Form({}, {"fileContent": source}, file_names={"fileContent": "content"}) as form:
            self._wire.call("POST", _files(namespace), query, body=Sent(form, form.content_type, form.length))

    def delete_namespace_file(self, namespace: str, path: str) -> None:
        """Delete it, if it is there."""
        # asked first: the API deletes what is not there without a word, and a mistyped path should be told
        self._wire.call("GET", _files(namespace, "stats"), {"path": path})
        self._wire.call("DELETE", _files(namespace), {"path": path})

    # --- executions

    def start(self, wanted: Start) -> Json:
        """Send inputs and files as a form; files are streamed."""
        query = [("labels", f"{key}:{value}") for key, value in wanted.labels]
        if wanted.revision is not None:
            query.append(("revision", str(wanted.revision)))
        path = path_of("executions", wanted.namespace, wanted.flow_id)
        uploaded = self._uploaded(path, wanted.files)
        files = {name: file for name, file in wanted.files.items() if name not in uploaded}
        with Form({**wanted.inputs, **uploaded}, files) as form:
            body = Sent(form, form.content_type, form.length)
            return object_of(self._wire.call("POST", path, query, body=body)[1])

    def execution(self, execution_id: str) -> Json:
        """The execution."""
        return object_of(self._wire.call("GET", path_of("executions", execution_id))[1])

    def executions(self, search: Search) -> list[Json]:
        """The newest executions that fit."""
        query = {
            "filters[namespace][EQUALS]": search.namespace,
            "filters[flowId][EQUALS]": search.flow_id,
            "filters[state][EQUALS]": search.state,
            "sort": "state.startDate:desc",
        }
        pages = self._wire.pages("/executions/search", query, size=min(search.limit, PAGE))
        return [execution for execution, _ in zip(pages, range(search.limit), strict=False)]

    def logs(self, execution_id: str) -> list[Json]:
        """The whole log."""
        return list_of(self._wire.call("GET", path_of("logs", execution_id))[1])

    def kill(self, execution_id: str) -> None:
        """Ask the server to kill it."""
        self._wire.call("DELETE", path_of("executions", execution_id, "actions", "kill"))

    def wait(self, execution_id: str, seconds: float) -> None:  # noqa: ARG002 - a server is asked, it does not tell
        """Sleep for a moment."""
        time.sleep(min(seconds, LOOK_AGAIN_SECONDS))

    def _uploaded(self, path: str, files: Mapping[str, Path]) -> dict[str, str]:
        """Send files that are too large for a form ahead, if the server says where; their URIs by input."""
        large = sorted(name for name, file in files.items() if is_large(file))
        # many small files are too large together: then all of them go ahead
        if sum(file.stat().st_size for file in files.values()) > DIRECT_BYTES:
            large = large or sorted(files)
        if not large:
            return {}
        named = [pair for name in large for pair in (("input", name), ("fileName", files[name].name))]
        status, answer = self._wire.call("POST", f"{path}/uploads", named, accepted=(404,))
        if status != 200:
            return {}
        offers = object_of(answer)["uploads"]
        for offer in offers:
            send(offer, files[offer["input"]])
        return {offer["input"]: offer["uri"] for offer in offers}


def _files(namespace: str, *more: str) -> str:
    return path_of("namespaces", namespace, "files", *more)
