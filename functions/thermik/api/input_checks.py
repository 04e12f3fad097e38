"""Inputs checked without starting anything, as a form asks while it is filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from thermik.api.forms import read_inputs, refuse_other_bodies
from thermik.api.inputs import check_flow, resolution_of
from thermik.api.request import Request
from thermik.api.routing import Router
from thermik.api.services import Services
from thermik.executions import pausing
from thermik.flows.flow import Check, Flow
from thermik.flows.input_values import ResolvedInput, check_inputs, nested
from thermik.flows.inputs import Input

FORM = "multipart/form-data"

router = Router("Executions")


@router.route("POST", "/executions/<namespace>/<flow_id>/validate", query="revision", consumes=FORM)
def check_new(services: Services, request: Request) -> dict[str, Any]:
    """What an execution's inputs would become, and what is wrong with them."""
    loaded = services.flows.load(request["namespace"], request["flow_id"], request.optional_number("revision"))
    flow, revision = loaded.flow, loaded.revision.revision
    context = {"flow": {"id": flow.id, "namespace": flow.namespace, "revision": revision, "tenantId": "main"}}
    results = _results(services, request, flow, flow.inputs, context)
    values = nested({each.input.id: each.value for each in results if each.enabled and not each.error})
    return _answer(flow, results, check_flow(services, flow, values, context))


@router.route(
    "POST",
    "/executions/<execution_id>/actions/resume/validate",
    "/executions/<execution_id>/resume/validate",
    consumes=FORM,
)
def check_resume(services: Services, request: Request) -> dict[str, Any]:
    """What the inputs of a resume would become, and what is wrong with them."""
    execution = services.executions.execution(request["execution_id"]).value
    flow = services.life.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision).flow
    declared = pausing.asked_on_resume(services.life, execution)
    return _answer(flow, _results(services, request, flow, declared, {"inputs": execution.inputs or {}}), [])


def _results(
    services: Services, request: Request, flow: Flow, declared: Sequence[Input], context: Mapping[str, Any]
) -> list[ResolvedInput]:
    refuse_other_bodies(request)
    with ExitStack() as closing:
        given = read_inputs(request, closing)
        return check_inputs(declared, given, resolution_of(services, flow, context))


def _answer(flow: Flow, results: Sequence[ResolvedInput], failed: Sequence[Check]) -> dict[str, Any]:
    checks = [{"message": check.message, "style": check.style, "behavior": check.behavior.value} for check in failed]
    return {"id": flow.id, "namespace": flow.namespace, "inputs": [*map(_result, results)], "checks": checks}


def _result(result: ResolvedInput) -> dict[str, Any]:
    value = None if result.secret is not None else result.value  # not even encrypted: the form has it already
    shown = {"input": result.input.model_dump(mode="json", by_alias=True, exclude_none=True), "value": value}
    return {
        **{name: each for name, each in shown.items() if each is not None},
        "enabled": result.enabled,
        "isDefault": result.is_default,
        "errors": [{"message": result.error}] if result.error else [],
    }
