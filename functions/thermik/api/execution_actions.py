"""What people do with an execution: kill, pause, resume, restart, replay, change its state or its labels.

Both generations of Kestra's clients are answered: 2.x calls `/{id}/actions/ACTION` and gets the execution, 1.x calls
`/{id}/ACTION` and gets the same, but for `kill` (202, no body) and `resume` (204, no body).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace as replace_fields
from http import HTTPStatus
from typing import Any

from thermik.api.answers import NO_CONTENT, Answer
from thermik.api.creation import NO_BREAKPOINTS, read_label, refuse_breakpoints
from thermik.api.errors import BadRequest, Unprocessable
from thermik.api.execution_wire import with_task_runs
from thermik.api.executions import create
from thermik.api.forms import read_inputs, refuse_other_bodies
from thermik.api.inputs import forgotten_if_refused, store_inputs
from thermik.api.request import Request
from thermik.api.routing import Handler, Router
from thermik.api.services import Services
from thermik.api.uploads import keep_sent
from thermik.executions import changes, kill, marking, pausing, queue, replay, revival
from thermik.executions.model import Execution, Label
from thermik.executions.state import StateType
from thermik.identity import ID_LENGTH, new_id

FORM = "multipart/form-data"
JSON = "application/json"

router = Router("Execution actions")


Given = Callable[[], Mapping[str, Any]]
"""Reads what is given to inputs, by their ids: texts and `Upload`s."""

_ID = re.compile(rf"[0-9A-Za-z]{{{ID_LENGTH}}}")


def _action(methods: str, action: str, *, query: str = "", consumes: str | None = None) -> Callable[[Handler], Handler]:
    """Register an action on its path in each generation.

    1.x's path for an action is also the one that starts a flow of the action's name: what it has where an execution's
    id would be decides.
    """

    def register(handler: Handler) -> Handler:
        def acted(services: Services, request: Request) -> Any:
            if _ID.fullmatch(request["execution_id"]):
                return handler(services, request)
            started = {"namespace": request["execution_id"], "flow_id": action}
            return create(services, replace_fields(request, variables=started))

        acted.__doc__ = handler.__doc__
        router.route(methods, f"/executions/<execution_id>/actions/{action}", query=query, consumes=consumes)(handler)
        old = handler if methods == "DELETE" else acted
        router.route(methods, f"/executions/<execution_id>/{action}", query=query, consumes=consumes)(old)
        return handler

    return register


def _is_old(request: Request) -> bool:
    """Whether a 1.x client asks."""
    return "/actions/" not in request.path


@_action("DELETE", "kill", query="isOnKillCascade")
def kill_execution(services: Services, request: Request) -> Any:
    """Kill an execution and what it started."""
    cascade = request.flag("isOnKillCascade", default=True)
    execution = kill.kill(services.life, request["execution_id"], cascade=cascade)
    return Answer(status=HTTPStatus.ACCEPTED) if _is_old(request) else with_task_runs(services, execution)


@_action("POST", "pause")
def pause_execution(services: Services, request: Request) -> Any:
    """Pause a running execution."""
    return with_task_runs(services, pausing.pause(services.life, request["execution_id"]))


@_action("POST", "resume", consumes=FORM)
def resume_execution(services: Services, request: Request) -> Any:
    """Resume a paused execution, with the inputs that its Pause task asks for."""
    execution = resume_with_form(services, request)
    return NO_CONTENT if _is_old(request) else with_task_runs(services, execution)


def resume_with_form(services: Services, request: Request) -> Execution:
    """Resume, with what the form has. Raises: InvalidInputs, Unprocessable, WrongState."""
    refuse_other_bodies(request)
    with ExitStack() as closing:
        return resume_with(services, request["execution_id"], lambda: read_inputs(request, closing))


def resume_with(services: Services, execution_id: str, given: Given) -> Execution:
    """Resume, with the inputs that the Pause task asks for; where it asks for none they are not read.

    Raises:
        ExecutionNotFound, InvalidInputs, WrongState.
    """
    execution = services.executions.execution(execution_id).value
    declared = pausing.asked_on_resume(services.life, execution)
    if not declared:
        return pausing.resume(services.life, execution_id)
    flow = services.life.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision).flow
    context = {"inputs": execution.inputs or {}}
    read = given()
    values, stored = store_inputs(services, flow, execution_id, declared, read, context)
    with forgotten_if_refused(services, stored):
        keep_sent(services, declared, read)
        return pausing.resume(services.life, execution_id, values.values)


@_action("POST", "restart", query="revision")
def restart_execution(services: Services, request: Request) -> Any:
    """Run an execution again from where it failed; in a revision that is given, as a new execution."""
    execution_id, revision = request["execution_id"], request.optional_number("revision")
    if revision is not None:
        return with_task_runs(services, replay.restart_in_revision(services.life, execution_id, revision))
    return with_task_runs(services, revival.restart(services.life, execution_id))


@_action("POST", "replay", query="taskRunId revision breakpoints")
def replay_execution(services: Services, request: Request) -> Any:
    """Make a new execution from this one, from the start or from one of its task runs."""
    refuse_breakpoints(request)
    replayed = replay.replay(
        services.life,
        request["execution_id"],
        from_task_run=request.get("taskRunId"),
        revision=request.optional_number("revision"),
    )
    return with_task_runs(services, replayed)


@_action("POST", "replay-with-inputs", query="taskRunId revision breakpoints", consumes=FORM)
def replay_with_inputs(services: Services, request: Request) -> Any:
    """Make a new execution from this one, with other inputs; a form without parts keeps those that it had."""
    refuse_breakpoints(request)
    refuse_other_bodies(request)
    with ExitStack() as closing:
        given = read_inputs(request, closing)
        revision = request.optional_number("revision")
        replayed = replay_with(
            services, request["execution_id"], given, from_task_run=request.get("taskRunId"), revision=revision
        )
    return with_task_runs(services, replayed)


def replay_with(
    services: Services,
    execution_id: str,
    given: Mapping[str, Any],
    *,
    from_task_run: str | None,
    revision: int | None,
) -> Execution:
    """Make a new execution from an old one, with other inputs; without any it has those of the old one.

    Raises:
        ExecutionNotFound, FlowNotFound, FlowTooLarge, InvalidInputs, Unacceptable.
    """
    source = services.executions.execution(execution_id).value
    flow = services.flows.load(source.namespace, source.flow_id, revision or source.flow_revision).flow
    new, inputs, stored = new_id(), None, list[str]()
    if given:
        typed, stored = store_inputs(services, flow, new, flow.inputs, given, {})
        inputs = typed.values
    with forgotten_if_refused(services, stored):
        keep_sent(services, flow.inputs, given)
        return replay.replay(
            services.life,
            source.id,
            from_task_run=from_task_run,
            revision=revision,
            inputs=inputs,
            new_execution_id=new,
        )


@_action("POST", "change-status", query="status")
def change_status(services: Services, request: Request) -> Any:
    """Give an execution that has ended another final state."""
    state = read_state(request.get("status"), "status")
    return with_task_runs(services, changes.change_status(services.life, request["execution_id"], state))


@_action("POST", "state", consumes=JSON)
def change_task_run_state(services: Services, request: Request) -> Any:
    """Give a task run another state; the execution goes on from there."""
    body = request.json_object()
    task_run_id = body.get("taskRunId")
    if not isinstance(task_run_id, str):
        raise BadRequest("The body must have the `taskRunId` and the `state` that it is to have")
    state = read_state(body.get("state"), "state")
    changed = marking.change_task_run_state(services.life, request["execution_id"], task_run_id, state)
    return with_task_runs(services, changed)


@_action("POST", "labels", consumes=JSON)
def set_labels(services: Services, request: Request) -> Any:
    """Set the labels of an execution that has ended: those that are not sent are removed, but for the system's."""
    execution = services.executions.execution(request["execution_id"]).value
    if not execution.state.is_terminal:
        raise BadRequest(
            f"Labels can be set on an execution that has ended, not on one that is {execution.state.current}"
        )
    labels = read_labels(request.json())
    return with_task_runs(services, changes.set_labels(services.life, execution.id, labels, instead=True))


@_action("POST", "force-run")
def force_run(services: Services, request: Request) -> Any:
    """Let an execution run now, whatever it waits for."""
    return with_task_runs(services, queue.force_run(services.life, request["execution_id"]))


@_action("POST", "unqueue", query="state")
def unqueue(services: Services, request: Request) -> Any:
    """Take an execution out of its flow's queue, to run or to end."""
    state = read_state(request.get("state") or StateType.RUNNING, "state")
    return with_task_runs(services, queue.unqueue(services.life, request["execution_id"], state))


@_action("POST", "resume-from-breakpoint", query="breakpoints")
def resume_from_breakpoint(services: Services, request: Request) -> Any:
    """Refused: there are no breakpoints."""
    services.executions.execution(request["execution_id"])
    raise Unprocessable(NO_BREAKPOINTS)


def read_labels(value: Any) -> list[Label]:
    """Labels from a list of `{key, value}` or a map. Raises: BadRequest."""
    if isinstance(value, dict):
        value = [{"key": key, "value": text} for key, text in value.items()]
    if not isinstance(value, list):
        raise BadRequest("The labels must be a list of `{key, value}`")
    return [read_label(each) for each in value]


def read_state(text: Any, name: str) -> StateType:
    """A state by its name. Raises: Unprocessable."""
    try:
        return StateType(str(text).upper())
    except ValueError:
        raise Unprocessable(f"'{name}' must be one of {', '.join(StateType)}, not '{str(text)[:100]}'") from None
