"""Webhooks: requests from anywhere that start executions; the key in the address is what they are let in by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from thermik.api.answers import JSON, NO_CONTENT, TEXT, Answer, Awaited
from thermik.api.errors import NotFound, StateForbids, Unprocessable
from thermik.api.execution_wire import task_runs_of
from thermik.api.request import Request
from thermik.api.routing import TENANT, Router
from thermik.api.services import Services
from thermik.executions.model import Execution, execution_wire
from thermik.expressions import ExpressionError
from thermik.flows.flow import Flow
from thermik.flows.repository import FlowNotFound
from thermik.triggers.models import Webhook
from thermik.triggers.webhook import Delivery, WebhookNotFound, receive

router = Router("Webhooks")


@router.route(
    "GET POST PUT",
    "/executions/webhook/<namespace>/<flow_id>/<key>",
    "/executions/webhook/<namespace>/<flow_id>/<key>/<path>",
    open=True,
)
def webhook(services: Services, request: Request) -> Answer:
    """Start an execution of the flow whose webhook has this key; 204 where its conditions do not hold."""
    if services.ports is None:
        raise NotFound("This server has no triggers")
    flow, revision = _flow(services, request["namespace"], request["flow_id"])
    try:
        found, execution = receive(services.ports, flow, revision, request["key"], _delivery(request))
    except WebhookNotFound as missing:
        raise NotFound(str(missing)) from None
    except ExpressionError as error:
        raise Unprocessable(f"The webhook's inputs cannot be rendered: {error}") from error
    return NO_CONTENT if execution is None else _answer(services, found, execution)


def _flow(services: Services, namespace: str, flow_id: str) -> tuple[Flow, int]:
    """The flow, executable, in its newest revision. Raises: NotFound, StateForbids."""
    try:
        loaded = services.flows.load(namespace, flow_id)
    except FlowNotFound:
        raise NotFound("Flow not found") from None  # Kestra's words, and no more: whoever asks showed no credentials
    if loaded.flow.disabled:
        raise StateForbids(f"Cannot execute the disabled flow '{namespace}.{flow_id}'")
    return loaded.flow, loaded.revision.revision


def _delivery(request: Request) -> Delivery:
    parameters: dict[str, list[str]] = {}
    for name, value in request.query:
        parameters.setdefault(name, []).append(value)
    return Delivery(
        body=request.text() or None,
        headers={name: [value] for name, value in request.headers.items()},
        parameters=parameters,
    )


def _answer(services: Services, found: Webhook, execution: Execution) -> Answer:
    started = Answer(_wire(services, execution))
    if not found.wait:
        return started

    def ended() -> Answer | None:
        now = services.executions.execution(execution.id).value
        if not now.state.is_terminal:
            return None
        return _outputs(found, now) if found.return_outputs else Answer(_wire(services, now))

    return replace(started, awaited=Awaited(execution.id, ended))


def _outputs(found: Webhook, execution: Execution) -> Answer:
    """The flow's outputs, as JSON whatever it is called: some that call a webhook take only text."""
    answer = Answer(execution.outputs or {})
    return answer if found.response_content_type == JSON else Answer(answer.content(), media_type=TEXT)


def _wire(services: Services, execution: Execution) -> dict[str, Any]:
    shown = execution_wire(execution, task_runs_of(services, execution.id), TENANT)
    return {**shown, "url": f"/ui/executions/{execution.id}"}
