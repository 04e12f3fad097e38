"""What the expressions of a flow may name, for an editor that completes them; the flow need not be valid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from thermik.api.errors import Unprocessable
from thermik.api.flow_wire import SECTIONS, find_task
from thermik.api.request import Request
from thermik.api.routing import Router
from thermik.api.services import Services
from thermik.expressions import registry
from thermik.flows.problems import InvalidFlow
from thermik.flows.source import read_source

_ALWAYS = (
    "execution.id",
    "execution.startDate",
    "execution.state",
    "flow.id",
    "flow.namespace",
    "flow.revision",
    "labels",
    "task.id",
    "task.type",
    "taskrun.id",
    "taskrun.startDate",
    "trigger",
)

router = Router("Flows")


@router.route("POST", "/flows/expressions", query="taskId", consumes="application/x-yaml")
def names(services: Services, request: Request) -> dict[str, Any]:
    """The names, by category; with `taskId` without that task's own outputs."""
    try:
        data = read_source(request.text()).data
    except InvalidFlow as invalid:
        raise Unprocessable(f"The flow cannot be read: {invalid}") from invalid
    task_id = request.get("taskId")
    tasks = (each for section in SECTIONS for each in _ids(data.get(section)))
    namespace = data.get("namespace")
    pairs = services.pairs.pairs(namespace) if isinstance(namespace, str) else []
    variables = data.get("variables")
    return {
        "categories": {
            "taskOutputs": [f"outputs.{each}" for each in tasks if each != task_id and find_task(data, each)],
            "executionContext": [*_ALWAYS],
            "inputs": [f"inputs.{each}" for each in _ids(data.get("inputs"))],
            "variables": [f"vars.{each}" for each in variables] if isinstance(variables, Mapping) else [],
            "secrets": [f"secret('{key}')" for key in _secret_keys(services)],
            "kvPairs": [f"kv('{pair.key}')" for pair in pairs],
            "namespaceFiles": [],
            "filters": sorted(entry.name for entry in registry.everything("filter")),
            "functions": sorted(entry.name for entry in registry.everything("function")),
        }
    }


def _secret_keys(services: Services) -> list[str]:
    """The keys of secrets, where the store tells them."""
    keys = getattr(services.ports.secret, "keys", None) if services.ports is not None else None
    return sorted(keys()) if keys is not None else []


def _ids(value: Any) -> Iterator[str]:
    """The ids of what has one and a type, at any depth, in their order."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting.extend(each[::-1])
        elif isinstance(each, dict):
            if isinstance(each.get("id"), str) and isinstance(each.get("type"), str):
                yield each["id"]
            waiting.extend([part for part in each.values() if isinstance(part, (dict, list))][::-1])
