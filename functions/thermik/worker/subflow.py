"""The operations `call` and `join` of a Subflow: start another execution, and take over how it ended.

The new execution's id is derived from the task run and its attempts, so a call that comes twice starts one. `call`
waits with a task token that the new execution's end answers; it never fails its invocation for what the flow's
author did (a state that waits with a token is answered), but records the failure, which `join` finds.
"""

from __future__ import annotations

from typing import Any

from thermik.executions.lifecycle import SYSTEM, NewExecution, create
from thermik.executions.model import Attempt, Execution, Label, TaskRun, Trigger, Waiting
from thermik.executions.outcomes import tolerated
from thermik.executions.repository import ExecutionNotFound, Versioned
from thermik.executions.retries import retry_of
from thermik.executions.state import State, StateType
from thermik.expressions import ExpressionError, render
from thermik.flows.input_values import InvalidInputs, Resolution, resolve_inputs
from thermik.flows.problems import InvalidFlow
from thermik.flows.repository import FlowNotFound
from thermik.identity import derived_id
from thermik.machines.limits import FlowTooLarge
from thermik.storage.errors import Conflict
from thermik.tasks.flow.subflow import Subflow
from thermik.tasks.truth import is_true
from thermik.worker.arrival import Arrival, arrival
from thermik.worker.attempt import log_failure
from thermik.worker.call import Call, InvalidCall, Stopped, TaskFailed
from thermik.worker.endings import failed
from thermik.worker.going import check_going, end_retrying, mark_retrying
from thermik.worker.logs import log_of
from thermik.worker.scene import TaskScene
from thermik.worker.services import ExpressionServices

_S = StateType

_TAKEN_OVER = frozenset({_S.FAILED, _S.PAUSED, _S.KILLED, _S.WARNING})
"""States of the execution that become the task's, with `transmitFailed`; any other is a success."""


class CannotCall(Exception):
    """The other flow cannot be executed; the message is for the flow's author."""


def call_flow(scene: TaskScene, call: Call) -> dict[str, Any]:
    """Start the other execution, or find the one that was started, and see that its end answers the token.

    Raises:
        Stopped: the execution may not go on.
    """
    if call.token is None:
        raise InvalidCall("a call without a task token")
    check_going(scene)
    found = scene.found or Versioned(scene.new_run(call))
    there_is = arrival(found.value if scene.found else None, scene.now(), held=False)
    if there_is in (Arrival.BEGIN, Arrival.RESUBMIT) and _call(scene, call.token, found):
        return {}
    scene.ports.life.machines.answer(scene.execution.value, call.token, {})
    return {}


def _call(scene: TaskScene, token: str, found: Versioned[TaskRun]) -> bool:
    """Begin; whether the token is left to the end of the other execution."""
    caller = _Caller(scene)
    try:
        if not caller.wanted(found.value):
            caller.write(found.then(found.value.with_state(_S.SKIPPED, scene.now(), outputs={})))
            return False
        found = caller.write(found.then(_running(found.value, scene)))
        end_retrying(scene)
        waits = caller.waits(found.value)
        child = caller.child(found.value, token if waits else None)
    except (CannotCall, ExpressionError, FlowNotFound, FlowTooLarge, InvalidFlow, InvalidInputs) as error:
        caller.fail(found, str(error), type(error).__name__)
        return False
    if not waits:
        caller.end(child, waited=False)
        return False
    return not child.state.is_terminal


def _running(run: TaskRun, scene: TaskScene) -> TaskRun:
    state = run.state.to(_S.CREATED, scene.now()) if run.state.current == _S.RETRYING else run.state
    return run.model_copy(update={"state": state.to(_S.RUNNING, scene.now())}).with_progress(retry_at=None)


def join_flow(scene: TaskScene) -> dict[str, Any]:
    """Take over how the other execution ended.

    Raises:
        TaskFailed: not as a success: `settle` decides.
        Stopped: the execution may not go on.
    """
    check_going(scene)
    if scene.found is None:
        raise TaskFailed(scene.place.node.id)
    run = scene.found.value
    if run.state.current == _S.RUNNING:
        caller = _Caller(scene)
        child = scene.ports.executions.execution(caller.child_id(run)).value
        run = caller.end(child, waited=True)
    if run.state.current not in (_S.SUCCESS, _S.WARNING, _S.SKIPPED):
        raise TaskFailed(run.task_id)
    return {}


class _Caller:
    """A Subflow task of a scene."""

    def __init__(self, scene: TaskScene) -> None:
        task = scene.place.node.task
        if not isinstance(task, Subflow):
            raise TypeError(f"{task.type} executes no flow")
        self._scene = scene
        self._task = task
        self._services = ExpressionServices(scene)

    def wanted(self, run: TaskRun) -> bool:
        """Whether `runIf` holds."""
        return self._task.run_if == "true" or is_true(str(self._rendered(self._task.run_if, run)))

    def waits(self, run: TaskRun) -> bool:
        """Whether the task lasts as long as the other execution."""
        return self._flag(self._task.wait, run)

    def child_id(self, run: TaskRun) -> str:
        """The id of the execution that this try of the task run starts."""
        return derived_id("subflow", run.id, str(len(run.attempts or ())))

    def child(self, run: TaskRun, token: str | None) -> Execution:
        """The other execution, created or found, its end bound to the token."""
        executions, child_id = self._scene.ports.executions, self.child_id(run)
        waiting = Waiting(execution=run.execution_id, token=token) if token else None
        try:
            executions.execution(child_id)
        except ExecutionNotFound:
            self._create(run, child_id, waiting)

        def bound(child: Execution) -> Execution:
            if waiting is None or child.progress.waiting == waiting:
                return child
            return child.model_copy(update={"progress": child.progress.model_copy(update={"waiting": waiting})})

        return executions.change_execution(child_id, bound)

    def _create(self, run: TaskRun, child_id: str, waiting: Waiting | None) -> None:
        task, ports = self._task, self._scene.ports
        namespace, flow_id = str(self._rendered(task.namespace, run)), str(self._rendered(task.flow_id, run))
        try:
            revision = task.revision or ports.plans.latest(namespace, flow_id)
            flow = ports.plans.plan(namespace, flow_id, revision).flow
        except FlowNotFound as missing:
            raise CannotCall(
                f"Unable to find flow '{namespace}'.'{flow_id}' with revision '{task.revision or 0}'"
            ) from missing
        if flow.disabled:
            raise CannotCall("Cannot execute a flow which is disabled")
        given = self._rendered(task.inputs, run)
        inputs = resolve_inputs(flow.inputs, given, Resolution(services=self._services, encryption=ports.encryption))
        new = NewExecution(
            namespace=namespace,
            flow_id=flow_id,
            revision=revision,
            id=child_id,
            inputs=inputs.values,
            labels=self._labels(run),
            trigger=self._trigger(),
            waiting=waiting,
        )
        try:
            create(ports.life, new)
        except Conflict:
            return  # the same call, at the same moment, created it
        self._log(run, child_id, flow_id, namespace)

    def _log(self, run: TaskRun, child_id: str, flow_id: str, namespace: str) -> None:
        log = log_of(self._scene, run, attempt=len(run.attempts or ()))
        link = f'[[link execution="{child_id}" flowId="{flow_id}" namespace="{namespace}"]]'
        log.info(f"Created new execution {link}")
        log.flush()

    def _labels(self, run: TaskRun) -> list[Label]:
        inherit = self._flag(self._task.inherit_labels, run)
        own = self._scene.execution.value.labels
        labels = [label for label in own if inherit or label.key.startswith(SYSTEM)]
        rendered = (
            Label(key=str(self._rendered(label.key, run)), value=str(self._rendered(label.value, run)))
            for label in self._task.labels
        )
        return [*labels, *rendered]

    def _trigger(self) -> Trigger:
        execution = self._scene.execution.value
        variables = {
            "executionId": execution.id,
            "namespace": execution.namespace,
            "flowId": execution.flow_id,
            "flowRevision": execution.flow_revision,
        }
        return Trigger(id=self._task.id, type=self._task.type, variables=variables)

    def end(self, child: Execution, *, waited: bool) -> TaskRun:
        """Close the task run with what became of the other execution: one attempt, its state the run's."""
        found = self._scene.journal.versioned(self._scene.place.task_run_id)
        state = _S.SUCCESS
        if waited and child.state.current in _TAKEN_OVER and self._flag(self._task.transmit_failed, found.value):
            state = child.state.current
        outputs: dict[str, Any] = {"executionId": child.id, "state": child.state.current.value}
        if waited and child.outputs:
            outputs["outputs"] = child.outputs
        return self._close(found, state, outputs)

    def fail(self, found: Versioned[TaskRun], message: str, kind: str) -> TaskRun:
        """Close the task run as FAILED: there is no other execution."""
        log = log_of(self._scene, found.value, attempt=len(found.value.attempts or ()))
        log_failure(log, message, f"{kind}: {message}")
        log.flush()
        return self._close(found, _S.FAILED, {})

    def _close(self, found: Versioned[TaskRun], state: StateType, outputs: dict[str, Any]) -> TaskRun:
        now = self._scene.now()
        begun = State.created(now).to(_S.RUNNING, now)
        final = tolerated(state, self._task)
        attempt = Attempt(state=begun.to(final, now))
        run = found.value.model_copy(update={"attempts": (*(found.value.attempts or ()), attempt), "outputs": outputs})
        if state == _S.FAILED:
            retry = retry_of(self._scene.place.node, self._scene.plan.flow.retry)
            run = failed(run, self._task, retry, now, self._scene.ports.random)
        else:
            run = run.with_state(final, now)
        written = self.write(found.then(run)).value
        if written.state.current == _S.RETRYING:
            mark_retrying(self._scene)
        return written

    def write(self, run: Versioned[TaskRun]) -> Versioned[TaskRun]:
        """Write the run. Raises: Stopped when somebody else changed it."""
        try:
            self._scene.ports.executions.write(run)
        except Conflict as conflict:
            raise Stopped(f"task run {run.value.id} was changed by somebody else") from conflict
        self._scene.journal.note(run.written())
        return run.written()

    def _flag(self, written: bool | str, run: TaskRun) -> bool:
        return written if isinstance(written, bool) else is_true(str(self._rendered(written, run)))

    def _rendered(self, value: Any, run: TaskRun) -> Any:
        return render(value, self._scene.task_variables(run), self._services)
