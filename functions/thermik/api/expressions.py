"""Expressions rendered to be shown: with what an execution, a flow, or the installation alone makes known."""

from __future__ import annotations

from typing import Any

from thermik.api.errors import BadRequest, Unprocessable
from thermik.api.evaluation import rendered, rendered_on
from thermik.api.inputs import resolution_of
from thermik.api.request import Request
from thermik.api.routing import Router
from thermik.api.services import Services
from thermik.flows.flow import Flow
from thermik.flows.validation import parse_flow

MAX_EXPRESSIONS = 500

router = Router("Expressions")


@router.route("POST", "/expressions/render", consumes="application/json")
def render_many(services: Services, request: Request) -> dict[str, Any]:
    """What each expression gives; one that cannot be rendered stands for itself."""
    body = request.json_object()
    wanted = body.get("expressions")
    if not (isinstance(wanted, list) and all(isinstance(each, str) for each in wanted)):
        raise BadRequest("`expressions` must be an array of texts")
    if not 0 < len(wanted) <= MAX_EXPRESSIONS:
        raise Unprocessable(f"`expressions` must be from 1 to {MAX_EXPRESSIONS}, not {len(wanted)}")
    execution_id = body.get("executionId")
    if execution_id is not None:
        return {"rendered": rendered_on(services, str(execution_id), wanted)}
    flow = _flow(services, body)
    if flow is None:
        return {"rendered": rendered(wanted, services.variables, None)}
    seen = {"flow": {"id": flow.id, "namespace": flow.namespace, "tenantId": "main"}}
    known = resolution_of(services, flow, seen)
    return {"rendered": rendered(wanted, known.context, known.services)}


def _flow(services: Services, body: dict[str, Any]) -> Flow | None:
    """The flow that a body has as its source, or names; None if it has neither. Raises: FlowNotFound, InvalidFlow."""
    if body.get("flow") is not None:
        return parse_flow(str(body["flow"]), services.types, services.triggers).flow
    namespace, flow_id = body.get("namespace"), body.get("flowId")
    if namespace is None or flow_id is None:
        return None
    return services.flows.load(str(namespace), str(flow_id)).flow
