"""A flow in the shape of Kestra's API: what its source says, in today's names, and what is known of its revision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thermik.clock import instant_text
from thermik.flows import aliases
from thermik.flows.flow import ConcurrencyBehavior
from thermik.flows.problems import InvalidFlow
from thermik.flows.repository import FlowRevision
from thermik.flows.source import read_source

SECTIONS = ("tasks", "errors", "finally", "afterExecution")
"""Properties of a flow that hold tasks."""

_CHILDREN = ("tasks", "errors", "finally", "then", "else", "defaults", "task", "onPause")


def flow_wire(revision: FlowRevision, *, source: bool = False) -> dict[str, Any]:
    """A flow; its source too, where it is asked for."""
    data = flow_data(revision)
    wire: dict[str, Any] = {
        **data,
        "tenantId": "main",
        "id": revision.id,
        "namespace": revision.namespace,
        "revision": revision.revision,
        "updated": instant_text(revision.updated),
        "disabled": bool(data.get("disabled", False)),
        "deleted": revision.deleted,
        "draft": False,
        "tasks": data.get("tasks", []),
    }
    if source:
        wire["source"] = revision.source
    return wire


def flow_data(revision: FlowRevision) -> dict[str, Any]:
    """What a stored source says in today's names, nulls left out, labels as a list.

    `{}` of a source that can no longer be read.
    """
    try:
        data = read_source(revision.source).data
    except InvalidFlow:
        return {}
    named = {aliases.FLOW.get(name, name): value for name, value in data.items() if value is not None}
    if "labels" in named:
        named["labels"] = label_list(named["labels"])
    if isinstance(named.get("concurrency"), dict):  # clients require both of its properties
        named["concurrency"] = {"behavior": ConcurrencyBehavior.QUEUE.value, **named["concurrency"]}
    if isinstance(named.get("inputs"), list):
        named["inputs"] = [_input(each) for each in named["inputs"]]
    return named


def _input(declared: Any) -> Any:
    """An input whose id may have its old name, `name`."""
    if not isinstance(declared, dict):
        return declared
    return {aliases.INPUT.get(name, name): value for name, value in declared.items()}


def label_list(labels: Any) -> list[dict[str, str]]:
    """Labels as the API has them, from a map or a list."""
    if isinstance(labels, Mapping):
        return [{"key": str(key), "value": _text(value)} for key, value in labels.items()]
    return [
        {"key": str(each.get("key")), "value": _text(each.get("value"))}
        for each in labels or []
        if isinstance(each, dict)
    ]


def flow_for_execution(revision: FlowRevision) -> dict[str, Any]:
    """A flow as far as one who looks at an execution needs it: tasks and triggers with id and type only."""
    wire = flow_wire(revision)
    brief = {name: _brief(wire[name]) for name in (*SECTIONS, "triggers") if name in wire}
    return {**wire, **brief}


def _brief(entries: Any) -> list[dict[str, Any]]:
    return [_brief_task(entry) for entry in entries or [] if isinstance(entry, dict)]


def _brief_task(task: Mapping[str, Any]) -> dict[str, Any]:
    brief: dict[str, Any] = {name: task[name] for name in ("id", "type", "description") if name in task}
    for name in _CHILDREN:
        children = task.get(name)
        if isinstance(children, list):
            brief[name] = _brief(children)
        elif isinstance(children, dict):
            brief[name] = _brief_task(children)
    return brief


def find_task(data: Any, task_id: str) -> dict[str, Any] | None:
    """The task of an id, at any depth of a flow's data."""
    waiting = [value for name in SECTIONS if (value := data.get(name))]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            if value.get("id") == task_id and isinstance(value.get("type"), str):
                return value
            waiting.extend(each for each in value.values() if isinstance(each, (list, dict)))
    return None


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
