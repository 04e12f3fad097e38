"""The Webhook trigger: from a request to an execution, or to the reason why none was started."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from thermik.executions.lifecycle import NewExecution, create, draft
from thermik.executions.model import Execution, Trigger
from thermik.executions.plans import Plan
from thermik.expressions import ExpressionError, render
from thermik.flows.flow import Flow
from thermik.triggers.holding import ConditionFailed, all_hold
from thermik.triggers.models import Webhook
from thermik.triggers.starting import View, scene_of
from thermik.worker.ports import Ports
from thermik.worker.services import ExpressionServices


class WebhookNotFound(Exception):
    """No webhook of the flow has this key."""

    def __init__(self) -> None:
        super().__init__("Webhook not found")


@dataclass(frozen=True, slots=True)
class Delivery:
    """A request to a webhook.

    Attributes:
        body: the text as received; None for no body.
        headers: by name, each with all its values. parameters: of the query, likewise.
    """

    body: str | None
    headers: Mapping[str, list[str]]
    parameters: Mapping[str, list[str]]

    def variables(self) -> dict[str, Any]:
        """What `trigger` is in the execution: the body as a JSON object or list where it is one, else its text."""
        body = {} if self.body is None else {"body": _read(self.body)}
        return {**body, "headers": dict(self.headers), "parameters": dict(self.parameters)}


def receive(ports: Ports, flow: Flow, revision: int, key: str, delivery: Delivery) -> tuple[Webhook, Execution | None]:
    """Start the execution that a request asks for; None where the webhook's conditions do not hold.

    Raises:
        WebhookNotFound: no webhook of the flow has the key.
        ExpressionError, InvalidInputs: the webhook's inputs cannot be rendered, or are not what the flow declares.
        FlowTooLarge, ItemTooLarge, TableUnavailable, MachinesUnavailable.
    """
    plan = ports.plans.plan(flow.namespace, flow.id, revision)
    new = NewExecution(namespace=flow.namespace, flow_id=flow.id, revision=revision)
    webhook = _find(ports, plan, new, key)
    new = replace(new, trigger=Trigger(id=webhook.id, type=webhook.type, variables=delivery.variables()))
    view = View(scene_of(ports, draft(ports.life, new, plan), plan))
    try:
        if not all_hold(webhook.conditions, view.circumstances()):
            return webhook, None
    except ConditionFailed:
        return webhook, None
    # A webhook without inputs stores none: expressions still see the defaults.
    inputs = view.inputs(webhook.inputs) if webhook.inputs else None
    return webhook, create(ports.life, replace(new, labels=view.labels(webhook.labels), inputs=inputs))


def _find(ports: Ports, plan: Plan, new: NewExecution, key: str) -> Webhook:
    """The first webhook with this key; one whose key cannot be rendered is passed over."""
    scene = scene_of(ports, draft(ports.life, new, plan), plan)
    services = ExpressionServices(scene)
    seen = scene.variables()
    for webhook in plan.flow.triggers:
        if not isinstance(webhook, Webhook):
            continue
        variables = {"flow": seen["flow"], "trigger": {"id": webhook.id, "type": webhook.type}}
        try:
            own = str(render(webhook.key, variables, services)).strip()
        except ExpressionError:
            continue
        if hmac.compare_digest(own.encode(), key.encode()):
            return webhook
    raise WebhookNotFound


def _read(text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, dict | list) else text
