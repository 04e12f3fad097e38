"""The operations on the execution itself: `start` makes it RUNNING, `finish` ends it, `over` comes last of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from thermik.executions.after_end import after_end, after_machine
from thermik.executions.closing import cut_off
from thermik.executions.ending import ended_from_outside, let_follow
from thermik.executions.model import Execution
from thermik.executions.outcomes import joined_state
from thermik.executions.sla import break_agreement, broken_durations, ends
from thermik.executions.state import StateType
from thermik.flows.output_values import InvalidOutputs, output_values
from thermik.flows.tree import TASKS
from thermik.storage.table import Write
from thermik.worker.call import ExecutionFailed, Stopped
from thermik.worker.cut_short import end_waiting
from thermik.worker.logs import log_of_execution
from thermik.worker.scene import Scene, TaskScene
from thermik.worker.services import ExpressionServices

_S = StateType

_CUT_OFF = frozenset({_S.KILLED, _S.CANCELLED, _S.FAILED})
"""Ends behind whose back an operation may have begun a task run."""

AnyScene = TypeVar("AnyScene", bound=Scene)

_NOT_RUNNING_YET = frozenset({_S.CREATED, _S.QUEUED, _S.RESTARTED})


def start(scene: AnyScene) -> AnyScene:
    """The execution begins to run, if it does not yet; the scene with it running."""
    if scene.execution.value.state.current not in _NOT_RUNNING_YET:
        return scene

    def running(execution: Execution) -> Execution:
        _check_generation(scene, execution)
        if execution.state.current not in _NOT_RUNNING_YET:
            return execution
        return execution.with_state(_S.RUNNING, scene.now())

    return replace(scene, execution=scene.ports.executions.change(scene.execution, running))


def finish(scene: Scene) -> dict[str, Any]:
    """End the execution: its state from the task runs of `tasks`, its outputs rendered.

    Raises:
        Stopped: it is paused by hand: it is finished when it has been resumed.
        ExecutionFailed: it ended as FAILED or KILLED, so that the machine shows it.
    """
    execution = scene.execution.value
    if not execution.state.is_terminal:
        execution = end_as(scene, _state_of_tasks(scene))
    else:
        end_rest(scene, execution)
    if execution.state.current in (_S.FAILED, _S.KILLED, _S.CANCELLED):
        raise ExecutionFailed(f"execution {execution.id} is {execution.state.current.value}")
    return {"state": execution.state.current.value}


def over(scene: Scene) -> dict[str, Any]:
    """The machine has nothing left to do: `afterExecution` has run."""
    execution = scene.execution.value
    another = execution.progress.generation > 0  # an end from within may have died before it recorded its own task run
    if another or execution.state.current in _CUT_OFF or scene.plan.may_leave_work(execution.state.current):
        after_machine(scene.ports.life, execution)
    else:
        after_end(scene.ports.life, execution, machine_is_over=True)
    return {}


def end_as(scene: Scene, state: StateType) -> Execution:
    """End the execution with a state; it is FAILED where its outputs cannot be rendered, KILLED where it is killed.

    Raises:
        Stopped: it is paused by hand, or was restarted meanwhile.
    """
    execution = _end_and_label(scene, state)
    end_rest(scene, execution)
    return execution


def _end_and_label(scene: Scene, state: StateType, beside: Callable[[], Sequence[Write]] | None = None) -> Execution:
    execution = _end(scene, state, beside)
    for sla in broken_durations(scene.plan.flow.sla, execution.state.start_date, scene.now()):
        if not ends(sla):
            execution = break_agreement(scene.ports.life, execution, sla)
    return execution


def end_rest(scene: Scene, execution: Execution) -> None:
    """What the end sets going; and nothing stays open of the execution, unless it is at work."""
    after_end(scene.ports.life, execution)
    if scene.plan.may_leave_work(execution.state.current) and not scene.plan.flow.after_execution:
        after_machine(scene.ports.life, execution)


def end_from_within(scene: TaskScene, state: StateType) -> None:
    """End the execution by one of its task runs: the flowables around it with it, and what only waits.

    The task run itself is left to whoever calls. What works beside it ends by itself. The machine that runs them has
    nothing more to say; `afterExecution` follows on another.

    Raises:
        Stopped: it is paused by hand, or was restarted meanwhile.
    """
    executions, own = scene.ports.executions, scene.place.task_run_id
    above = []
    place = scene.journal.ancestor(scene.place)
    while place is not None:
        above.append(place.task_run_id)
        place = scene.journal.ancestor(place)

    def flowables() -> list[Write]:  # with the execution: whoever sees its end sees theirs
        found = executions.task_runs(scene.execution.value.id, above).values()
        return [
            run.then(cut_off(run.value, state, scene.now())).put() for run in found if not run.value.state.is_terminal
        ]

    execution = _end_and_label(scene, state, flowables)
    for run in executions.all_task_runs(scene.execution.value.id):
        if not run.value.state.is_terminal and run.value.id != own:
            end_waiting(scene, run.value.id, state if run.value.id in above else _S.KILLED)
    end_rest(scene, execution)
    let_follow(scene.ports.life, execution, scene.plan)


def _end(scene: Scene, state: StateType, beside: Callable[[], Sequence[Write]] | None) -> Execution:
    outputs, problem = _outputs(scene)
    if problem is not None:
        log = log_of_execution(scene)
        log.error(f"Failed to render output values: {problem}")
        log.flush()

    def ended(execution: Execution) -> Execution:
        if execution.state.is_terminal:
            return execution
        if execution.progress.held:
            raise Stopped(f"execution {execution.id} is paused")
        _check_generation(scene, execution)
        if execution.state.current == _S.KILLING:
            return ended_from_outside(execution, _S.KILLED, scene.plan, scene.now())
        if beside is not None:  # an end from within: nothing of the present machine goes on
            done = ended_from_outside(execution.model_copy(update={"outputs": outputs}), state, scene.plan, scene.now())
        else:
            progress = execution.progress
            if scene.plan.may_leave_work(state if problem is None else _S.FAILED):
                progress = progress.model_copy(update={"aftermath": True})
            done = execution.with_state(state, scene.now(), outputs=outputs, progress=progress)
        return done if problem is None else done.with_state(_S.FAILED, scene.now())

    found = scene.execution
    if found.value.state.is_terminal or found.value.progress.held:  # both may be over by now
        found = scene.ports.executions.execution(found.value.id)
    return scene.ports.executions.change(found, ended, beside or tuple).value


def _check_generation(scene: Scene, execution: Execution) -> None:
    """Raises: Stopped: the execution was given another machine since this operation began."""
    if execution.progress.generation != scene.execution.value.progress.generation:
        raise Stopped(f"execution {execution.id} was restarted or resumed meanwhile: its new machine has the say")


def _state_of_tasks(scene: Scene) -> StateType:
    """The worst state of the flow's own tasks; what handles errors never counts."""
    top = {node.id for node in scene.plan.tree.sections[TASKS]}
    notable = scene.ports.executions.notable_children(scene.execution.value.id, None)
    return joined_state(run.value.state.current for run in notable if run.value.task_id in top)


def _outputs(scene: Scene) -> tuple[dict[str, Any] | None, str | None]:
    """The flow's outputs, or why they cannot be rendered."""
    declared = scene.plan.flow.outputs
    if not declared:
        return None, None
    services = ExpressionServices(scene)
    try:
        return output_values(declared, scene.variables(), services, scene.ports.encryption).values, None
    except InvalidOutputs as error:
        return None, str(error)
