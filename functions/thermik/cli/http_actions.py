"""`Actions`, `Pairs` and `Triggers` by a server's REST API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from thermik.cli.acting import Given, Json
from thermik.cli.forms import Form
from thermik.cli.wire import Query, Sent, Wire, list_of, object_of, path_of

JSON = "application/json"
TEXT = "text/plain"


class HttpActions:
    """What people do with a server's executions."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def runs_here(self, execution_id: str) -> bool:  # noqa: ARG002 - the protocol's signature
        """No: the server runs it."""
        return False

    def pause(self, execution_id: str) -> Json:
        """Ask for it."""
        return self._act(execution_id, "pause")

    def resume(self, execution_id: str, given: Given) -> Json:
        """Send the inputs as a form."""
        return self._act_with_form(execution_id, "resume", None, given)

    def restart(self, execution_id: str, revision: int | None = None) -> Json:
        """Ask for it."""
        return self._act(execution_id, "restart", {"revision": revision})

    def replay(self, execution_id: str, task_run_id: str | None, revision: int | None, given: Given) -> Json:
        """Ask for it; with inputs, send them as a form."""
        query = {"taskRunId": task_run_id, "revision": revision}
        if given:
            return self._act_with_form(execution_id, "replay-with-inputs", query, given)
        return self._act(execution_id, "replay", query)

    def change_task_run(self, execution_id: str, task_run_id: str, state: str) -> Json:
        """Ask for it."""
        return self._act(execution_id, "state", body=_json({"taskRunId": task_run_id, "state": state}))

    def change_status(self, execution_id: str, state: str) -> Json:
        """Ask for it."""
        return self._act(execution_id, "change-status", {"status": state})

    def set_labels(self, execution_id: str, labels: tuple[tuple[str, str], ...]) -> Json:
        """Send them with those that it has: the server takes what is sent for all that it is to have."""
        there = object_of(self._wire.call("GET", path_of("executions", execution_id))[1]).get("labels") or []
        wanted = {label["key"]: label["value"] for label in there} | dict(labels)
        return self._act(execution_id, "labels", body=_json([{"key": key, "value": wanted[key]} for key in wanted]))

    def force_run(self, execution_id: str) -> Json:
        """Ask for it."""
        return self._act(execution_id, "force-run")

    def unqueue(self, execution_id: str, state: str) -> Json:
        """Ask for it."""
        return self._act(execution_id, "unqueue", {"state": state})

    def delete(self, execution_id: str, *, logs: bool, files: bool) -> None:
        """Ask for it."""
        # metrics stand in the task runs, which go in any case: the API takes the flag and needs it for nothing
        query = {"deleteLogs": _flag(logs), "deleteMetrics": _flag(logs), "deleteStorage": _flag(files)}
        self._wire.call("DELETE", path_of("executions", execution_id), query)

    def evaluate(self, execution_id: str, task_run_id: str | None, expression: str) -> Json:
        """Ask for it."""
        path = path_of("executions", execution_id, "actions", "eval", *([task_run_id] if task_run_id else []))
        return object_of(self._wire.call("POST", path, body=Sent(expression.encode(), TEXT))[1])

    def _act(self, execution_id: str, action: str, query: Query | None = None, body: Sent | None = None) -> Json:
        path = path_of("executions", execution_id, "actions", action)
        return object_of(self._wire.call("POST", path, query, body=body)[1])

    def _act_with_form(self, execution_id: str, action: str, query: Query | None, given: Given) -> Json:
        with Form(given.texts, given.files) as form:
            return self._act(execution_id, action, query, Sent(form, form.content_type, form.length))


class HttpPairs:
    """A server's KV pairs."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list(self, namespace: str) -> list[Json]:
        """The keys of a namespace."""
        return list_of(self._wire.call("GET", _pairs(namespace))[1])

    def get(self, namespace: str, key: str) -> Json | None:
        """The value of a key, with its type."""
        status, answer = self._wire.call("GET", _pairs(namespace, key), accepted=(404,))
        return None if status == 404 else object_of(answer)

    def set(self, namespace: str, key: str, text: str, ttl: str | None) -> None:
        """Send the value; what it may live for is a header."""
        more = {} if ttl is None else {"ttl": ttl}
        self._wire.call("PUT", _pairs(namespace, key), body=Sent(text.encode(), TEXT, more=more))

    def delete(self, namespace: str, key: str) -> bool:
        """Ask for it."""
        return self._wire.call("DELETE", _pairs(namespace, key))[1] is True


class HttpTriggers:
    """A server's triggers."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list(self, namespace: str | None, flow_id: str | None) -> list[Json]:
        """Their states."""
        query: Mapping[str, str | None] = {
            "filters[namespace][EQUALS]": namespace,
            "filters[flowId][EQUALS]": flow_id,
        }
        return [found["state"] for found in self._wire.pages("/triggers/search", query)]

    def switch(self, namespace: str, flow_id: str, trigger_id: str, *, disabled: bool) -> Json:
        """Ask for it."""
        body = {"namespace": namespace, "flowId": flow_id, "triggerId": trigger_id, "disabled": disabled}
        return object_of(self._wire.call("PUT", "/triggers/set-disabled", body=_json(body))[1])


def _pairs(namespace: str, *key: str) -> str:
    return path_of("namespaces", namespace, "kv", *key)


def _json(value: Any) -> Sent:
    return Sent(json.dumps(value).encode(), JSON)


def _flag(value: bool) -> str:
    return "true" if value else "false"
