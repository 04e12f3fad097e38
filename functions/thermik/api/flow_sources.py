"""Flows by what stands in their sources: texts that are searched for, old names, and what a template may name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from thermik.api.errors import Unprocessable
from thermik.api.filters import search_in
from thermik.api.flow_search import every_flow
from thermik.api.flow_wire import flow_wire
from thermik.api.listings import page_of
from thermik.api.paging import PAGE_QUERY, page_request, sort_items
from thermik.api.request import Request
from thermik.api.routing import Router
from thermik.api.services import Services
from thermik.flows.aliases import is_old_type
from thermik.flows.problems import InvalidFlow
from thermik.flows.repository import FlowRevision
from thermik.flows.source import read_source
from thermik.tasks.names import ALIASES

MAX_MATCHES = 100
"""Lines of one flow that are shown."""

MAX_SNIPPET = 500
_SCOPES = {"ALL": "", "TASKS": "tasks", "TRIGGERS": "triggers", "INPUTS": "inputs"}
_SECTION = re.compile(r"[A-Za-z]\w*(?=\s*:)")

router = Router("Flows")


@router.route("GET", "/flows/source", query=f"{PAGE_QUERY} q namespace caseSensitive wholeWord regex scope")
def search(services: Services, request: Request) -> dict[str, Any]:
    """A page of the flows whose sources have a text in them, with the lines; without `q` all flows."""
    scope = request.get("scope") or "ALL"
    if scope not in _SCOPES:
        raise Unprocessable(f"Parameter 'scope' must be one of {', '.join(_SCOPES)}, not '{scope[:100]}'")
    pattern, wanted = _pattern(request), page_request(request)
    namespace = request.get("namespace")
    found = []
    for revision in every_flow(services.flows):
        if namespace is not None and not f"{revision.namespace}.".startswith(f"{namespace}."):
            continue
        case = request.flag("caseSensitive")
        matches = [*_matches(revision.source, pattern, _SCOPES[scope], case_sensitive=case)] if pattern else []
        if matches or not pattern:
            found.append((revision, matches))
    listed = page_of(sort_items(found, wanted.orders, _value), wanted)
    return listed.wire([_wire(*each) for each in listed.items])


@router.route("GET", "/flows/deprecated", query="namespace")
def deprecated(services: Services, request: Request) -> list[dict[str, Any]]:
    """The flows with tasks whose types have other names today."""
    namespace = request.get("namespace")
    revisions = (each for each in every_flow(services.flows) if namespace in (None, each.namespace))
    described = ((each, [*_old_tasks(_data(each.source))]) for each in revisions)
    return [
        {"namespace": each.namespace, "flowId": each.id, "revision": each.revision, "deprecatedTasks": tasks}
        for each, tasks in described
        if tasks
    ]


def _pattern(request: Request) -> str:
    text = request.get("q") or ""
    if not request.flag("regex"):
        text = re.escape(text)
    return rf"\b(?:{text})\b" if text and request.flag("wholeWord") else text


def _matches(source: str, pattern: str, section: str, *, case_sensitive: bool) -> Iterator[dict[str, Any]]:
    """The lines in which a pattern is found, where it is first."""
    current, count = "", 0
    for number, line in enumerate(source.splitlines(), 1):
        begins = _SECTION.match(line)
        current = begins[0] if begins else current
        if section not in ("", current):
            continue
        span = next(search_in(pattern, line, case_sensitive=case_sensitive), None)
        if span is not None and span[0] < span[1]:
            yield {"line": number, "column": span[0] + 1, "snippet": line[:MAX_SNIPPET], "length": span[1] - span[0]}
            count += 1
            if count == MAX_MATCHES:
                return


def _wire(revision: FlowRevision, matches: list[dict[str, Any]]) -> dict[str, Any]:
    """A flow that was found, in the shapes of both generations of clients."""
    shown = [{name: each[name] for name in ("line", "column", "snippet")} for each in matches]
    return {
        "model": flow_wire(revision),
        "fragments": [_marked(each) for each in matches],
        "namespace": revision.namespace,
        "id": revision.id,
        "editable": True,
        "matches": shown,
    }


def _marked(match: dict[str, Any]) -> str:
    """A line with the place marked as 1.x's search does."""
    line, start, end = match["snippet"], match["column"] - 1, match["column"] - 1 + match["length"]
    return f"{line[:start]}[mark]{line[start:end]}[/mark]{line[end:]}"


def _value(found: tuple[FlowRevision, Any], field: str) -> Any:
    revision = found[0]
    return {"id": revision.id, "namespace": revision.namespace, "revision": revision.revision}.get(field)


def _data(source: str) -> dict[str, Any]:
    try:
        return read_source(source).data
    except InvalidFlow:  # accepted once and not any more
        return {}


def _old_tasks(value: Any) -> Iterator[dict[str, str]]:
    """What has an id and a type with an old name, at any depth."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting.extend([*each.values()][::-1])
            kind, name = each.get("type"), each.get("id")
            if isinstance(kind, str) and isinstance(name, str) and is_old_type(kind):
                told = {"taskId": name, "taskType": kind, "replacement": ALIASES.get(kind)}
                yield {field: text for field, text in told.items() if text is not None}
        elif isinstance(each, list):
            waiting.extend(each[::-1])
