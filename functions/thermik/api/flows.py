"""Flows: saved, read, checked, deleted, by one or many."""

from __future__ import annotations

from typing import Any, Literal

from thermik.api.answers import NO_CONTENT, Answer
from thermik.api.errors import NotFound, Unprocessable
from thermik.api.filters import read_filters
from thermik.api.flow_search import FIELDS, every_flow, search_flows
from thermik.api.flow_wire import find_task, flow_data, flow_wire
from thermik.api.paging import PAGE_QUERY, page_request
from thermik.api.request import Request
from thermik.api.routing import Router
from thermik.api.services import Services
from thermik.flows.problems import InvalidFlow
from thermik.flows.source import split_documents
from thermik.flows.validation import ParsedFlow, parse_flow, validate_part

YAML = "application/x-yaml"

router = Router("Flows")


@router.route("POST", "/flows", query="draft", consumes=YAML)
def create_flow(services: Services, request: Request) -> dict[str, Any]:
    """Save a new flow."""
    return flow_wire(services.flows.create(_parsed(services, request.text())), source=True)


@router.route("PUT", "/flows/<namespace>/<flow_id>", consumes=YAML)
def update_flow(services: Services, request: Request) -> dict[str, Any]:
    """Save a flow that exists: a new revision, if anything changed."""
    parsed = _parsed(services, request.text())
    return flow_wire(services.flows.update(request["namespace"], request["flow_id"], parsed), source=True)


@router.route("GET", "/flows/<namespace>/<flow_id>", query="source revision allowDeleted")
def get_flow(services: Services, request: Request) -> dict[str, Any]:
    """A flow, in its newest revision or another."""
    revision = services.flows.get(
        request["namespace"],
        request["flow_id"],
        request.optional_number("revision"),
        allow_deleted=request.flag("allowDeleted"),
    )
    return flow_wire(revision, source=request.flag("source"))


@router.route("DELETE", "/flows/<namespace>/<flow_id>")
def delete_flow(services: Services, request: Request) -> Answer:
    """Delete a flow; its revisions and executions stay."""
    services.flows.delete(request["namespace"], request["flow_id"])
    return NO_CONTENT


@router.route("GET", "/flows/<namespace>/<flow_id>/revisions", query="allowDelete")
def list_revisions(services: Services, request: Request) -> list[dict[str, Any]]:
    """Every revision of a flow with its source, oldest first."""
    found = services.flows.revisions(request["namespace"], request["flow_id"])
    return [flow_wire(revision, source=True) for revision in found]


@router.route("DELETE", "/flows/<namespace>/<flow_id>/revisions", query="revisions")
def forget_revisions(services: Services, request: Request) -> Answer:
    """Remove old revisions; the newest stays."""
    wanted = ",".join(request.all("revisions")).split(",")
    if not all(number.strip().isdigit() for number in wanted):
        raise Unprocessable("Parameter 'revisions' must be numbers, divided by commas")
    services.flows.forget(request["namespace"], request["flow_id"], [int(number) for number in wanted])
    return Answer()


@router.route("GET", "/flows/<namespace>/<flow_id>/tasks/<task_id>", query="revision")
def get_task(services: Services, request: Request) -> dict[str, Any]:
    """One task of a flow, at any depth."""
    revision = services.flows.get(request["namespace"], request["flow_id"], request.optional_number("revision"))
    task = find_task(flow_data(revision), request["task_id"])
    if task is None:
        raise NotFound(f"Task '{request['task_id']}' not found in flow '{revision.namespace}.{revision.id}'")
    return task


@router.route("GET", "/flows/search", query=f"{PAGE_QUERY} q namespace scope labels filters")
def search(services: Services, request: Request) -> dict[str, Any]:
    """A page of the flows that pass the filters, by namespace and id unless sorted otherwise."""
    filters = read_filters(request, FIELDS)
    found = search_flows(services.flows, filters, page_request(request), services.now())
    return found.wire([flow_wire(revision) for revision in found.items])


@router.route("GET", "/flows/<namespace>")
def list_of_namespace(services: Services, request: Request) -> list[dict[str, Any]]:
    """Every flow of a namespace."""
    return [flow_wire(revision) for revision in every_flow(services.flows, request["namespace"])]


@router.route("GET", "/flows/distinct-namespaces", query="q")
def distinct_namespaces(services: Services, request: Request) -> list[str]:
    """Every namespace that has a flow."""
    wanted = (request.get("q") or "").lower()
    return [namespace for namespace in services.flows.namespaces() if wanted in namespace.lower()]


@router.route("POST", "/flows/validate", consumes=YAML)
def validate_flows(services: Services, request: Request) -> list[dict[str, Any]]:
    """Every problem of each of the YAML documents."""
    return [_violation(services, index, text) for index, text in enumerate(documents(request.text()))]


@router.route(
    "POST", "/flows/bulk", "/flows/<namespace>", query="delete namespace allowNamespaceChild override", consumes=YAML
)
def save_many(services: Services, request: Request) -> list[dict[str, Any]]:
    """Save each of the YAML documents; all are checked before any is saved."""
    namespace = request.variables.get("namespace") or request.get("namespace")
    parsed = [_parsed(services, text) for text in documents(request.text())]
    for each in parsed:
        _check_namespace(each, namespace, children=request.flag("allowNamespaceChild"))
    saved = [services.flows.save(each) for each in parsed]
    # Kestra's `POST /flows/{namespace}` makes the namespace what the documents are, unless it is told otherwise
    if namespace is not None and request.flag("delete", default="namespace" in request.variables):
        kept = {each.flow.id for each in parsed if each.flow.namespace == namespace}
        for revision in every_flow(services.flows, namespace):
            if revision.id not in kept:
                services.flows.delete(namespace, revision.id)
    return [flow_wire(revision, source=True) for revision in saved]


@router.route("POST", "/flows/validate/task", query="section", consumes=YAML)
def validate_task(services: Services, request: Request) -> dict[str, Any]:
    """Every problem of one task alone, in YAML or JSON; with `section=TRIGGERS` of a trigger."""
    section = request.get("section") or "TASKS"
    if section not in {"TASKS", "TRIGGERS"}:
        raise Unprocessable(f"Parameter 'section' must be TASKS or TRIGGERS, not '{section[:100]}'")
    return _part(services, request, "tasks" if section == "TASKS" else "triggers")


@router.route("POST", "/flows/validate/trigger", consumes=YAML)
def validate_trigger(services: Services, request: Request) -> dict[str, Any]:
    """Every problem of one trigger alone, in YAML or JSON."""
    return _part(services, request, "triggers")


def documents(text: str) -> list[str]:
    """The YAML documents of a text, as they stand; at least one."""
    return [part for _, part in split_documents(text)] or [text]


def _parsed(services: Services, source: str) -> ParsedFlow:
    return parse_flow(source, services.types, services.triggers)


def _part(services: Services, request: Request, section: Literal["tasks", "triggers"]) -> dict[str, Any]:
    problems = validate_part(request.text(), section, services.types, services.triggers)
    told = {"constraints": "\n".join(problem.text for problem in problems)} if problems else {}
    return {**_EMPTY, "index": 0, **told}


_EMPTY: dict[str, Any] = {"outdated": False, "deprecationPaths": [], "warnings": [], "infos": []}
"""A violation of which nothing is known."""


def _violation(services: Services, index: int, text: str) -> dict[str, Any]:
    named = {**_EMPTY, "index": index}
    try:
        parsed = _parsed(services, text)
    except InvalidFlow as invalid:
        problems = [
            {"path": each.path, "message": each.message}
            | ({"line": each.position.line, "column": each.position.column} if each.position else {})
            for each in invalid.problems
        ]
        warnings = [warning.placed_text for warning in invalid.warnings]
        return {**named, "constraints": invalid.constraints, "problems": problems, "warnings": warnings}
    return {
        **named,
        "flow": parsed.flow.id,
        "namespace": parsed.flow.namespace,
        "deprecationPaths": list(parsed.deprecations),
        "warnings": [warning.placed_text for warning in parsed.warnings],
    }


def _check_namespace(parsed: ParsedFlow, namespace: str | None, *, children: bool) -> None:
    seen = parsed.flow.namespace
    if namespace is None or seen == namespace or (children and seen.startswith(namespace + ".")):
        return
    raise Unprocessable(f"Flow '{parsed.flow.id}' is of namespace '{seen}', not of '{namespace}'")
