"""The operations `call` and `join` of a Subflow: start another execution, and take over how it ended.

The new execution's id is derived from the task run and its try, so a call that comes twice starts one. `call`
waits with a task token that the new execution's end answers; it never fails its invocation for what the flow's
author did (a state that waits with a token is answered), but records the failure, which `join` finds.
"""

from __future__ import annotations

from typing import Any

from thermik.executions.closing import attempt_of_call
from thermik.executions.model import Execution, TaskRun
from thermik.executions.outcomes import tolerated
from thermik.executions.repository import Versioned
from thermik.executions.retries import retry_of
from thermik.executions.state import StateType
from thermik.expressions import ExpressionError, render
from thermik.identity import derived_id
from thermik.tasks.flow.subflow import Subflow
from thermik.worker.arrival import Arrival, arrival
from thermik.worker.attempt import log_failure
from thermik.worker.call import Call, InvalidCall, TaskFailed
from thermik.worker.child_executions import GIVEN_UP, REFUSALS, Caller, call_of, earlier_call
from thermik.worker.endings import failed
from thermik.worker.going import check_going, end_retrying, mark_retrying
from thermik.worker.logs import log_of
from thermik.worker.recording import record
from thermik.worker.scene import TaskScene, enter
from thermik.worker.services import ExpressionServices

_S = StateType

_TAKEN_OVER = frozenset({_S.FAILED, _S.PAUSED, _S.KILLED, _S.WARNING})
"""States of the execution that become the task's, with `transmitFailed`; any other is a success."""


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
    task = _Task(scene)
    try:
        if task.run_if != "true" and not task.caller(found.value).flag(task.run_if):
            task.write(found.then(found.value.with_state(_S.SKIPPED, scene.now(), outputs={})))
            return False
        found = task.write(found.then(_running(task.numbered(found.value), scene)))
        end_retrying(scene)
        caller = task.caller(found.value)
        waits = caller.flag(caller.task.wait)
        child = caller.child(child_id(found.value), token if waits else None)
    except REFUSALS as error:
        task.fail(found, str(error), type(error).__name__, {})
        return False
    if not waits:
        task.end(child, waited=False)
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
        child = scene.ports.executions.execution(child_id(run)).value
        run = _Task(scene).end(child, waited=True)
    if run.state.current not in (_S.SUCCESS, _S.WARNING, _S.SKIPPED):
        raise TaskFailed(run.task_id)
    return {}


def child_id(run: TaskRun) -> str:
    """The id of the execution that this try of the task run starts, or goes on with."""
    return derived_id("subflow", run.id, str(call_of(run)))


class _Task:
    """A Subflow task of a scene."""

    def __init__(self, scene: TaskScene) -> None:
        task = scene.place.node.task
        if not isinstance(task, Subflow):
            raise TypeError(f"{task.type} executes no flow")
        self._scene = scene
        self._task = task
        self.run_if = task.run_if

    def numbered(self, run: TaskRun) -> TaskRun:
        """The task run with the try that its execution's id is derived from."""
        if run.state.current == _S.RUNNING:
            return run
        earlier = earlier_call(run, self._task)
        if earlier is not None:
            (child,) = self._scene.ports.executions.several([child_id(run.with_progress(call=earlier))])
            if child is None or child.state.current in GIVEN_UP:
                earlier = None
        return run.with_progress(call=len(run.attempts or ()) if earlier is None else earlier)

    def caller(self, run: TaskRun) -> Caller:
        """What starts the other execution."""
        return Caller(self._scene, self._task, run)

    def end(self, child: Execution, *, waited: bool) -> TaskRun:
        """Close the task run with what became of the other execution: one attempt, its state the run's."""
        found = self._scene.journal.versioned(self._scene.place.task_run_id)
        outputs: dict[str, Any] = {"executionId": child.id, "state": child.state.current.value}
        if not waited:
            return self._close(found, _S.SUCCESS, outputs)
        try:
            transmits = self.caller(found.value).flag(self._task.transmit_failed)
            given = self._outputs(child)
        except ExpressionError as error:
            return self.fail(found, f"Failed to extract outputs with the error: {error}", type(error).__name__, outputs)
        state = child.state.current if transmits and child.state.current in _TAKEN_OVER else _S.SUCCESS
        return self._close(found, state, {**outputs, "outputs": given} if given else outputs)

    def _outputs(self, child: Execution) -> dict[str, Any] | None:
        """The flow's own outputs; of one that declares none, what the task renders in the other's context."""
        if child.outputs or not self._task.outputs:
            return child.outputs
        scene = enter(self._scene.ports, child.id)
        if scene.plan.flow.outputs:
            return child.outputs
        rendered: dict[str, Any] = render(self._task.outputs, scene.variables(), ExpressionServices(scene))
        return rendered

    def fail(self, found: Versioned[TaskRun], message: str, kind: str, outputs: dict[str, Any]) -> TaskRun:
        """Close the task run as FAILED: there is no other execution, or its outputs cannot be had."""
        log = log_of(self._scene, found.value, attempt=len(found.value.attempts or ()))
        log_failure(log, message, f"{kind}: {message}")
        log.flush()
        return self._close(found, _S.FAILED, outputs)

    def _close(self, found: Versioned[TaskRun], state: StateType, outputs: dict[str, Any]) -> TaskRun:
        now = self._scene.now()
        attempts = found.value.attempts or ()
        failure = attempt_of_call(found.value, state, now)
        run = found.value.model_copy(update={"attempts": (*attempts, failure), "outputs": outputs})
        if state == _S.FAILED:
            retry = retry_of(self._scene.place.node, self._scene.plan.flow.retry)
            run = failed(run, self._task, retry, now, self._scene.ports.random)
        else:
            run = run.with_state(tolerated(state, self._task), now)
        if run.state.is_terminal:  # the last attempt ended as the run did, what it is allowed included
            ending = attempt_of_call(found.value, run.state.current, now)
            run = run.model_copy(update={"attempts": (*attempts, ending)})
        written = self.write(found.then(run)).value
        if written.state.current == _S.RETRYING:
            mark_retrying(self._scene)
        return written

    def write(self, run: Versioned[TaskRun]) -> Versioned[TaskRun]:
        """Write the run. Raises: Busy, see `record`."""
        return record(self._scene, run)
