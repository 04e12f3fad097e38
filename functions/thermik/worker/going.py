"""Whether an execution goes on: asked before anything starts, and while it works; and that a retry waits, told."""

from __future__ import annotations

from thermik.executions.model import Execution
from thermik.executions.outcomes import may_work
from thermik.executions.repository import ExecutionNotFound
from thermik.executions.state import StateType
from thermik.worker.call import Stopped
from thermik.worker.scene import TaskScene


def check_going(scene: TaskScene) -> None:
    """Pass if something of the execution may start; tasks of `afterExecution` start when it has ended.

    Raises:
        Stopped: it was killed, paused by hand, or has ended.
    """
    execution = scene.execution.value
    if not may_work(execution.state.current, held=execution.progress.held) and not scene.after_execution:
        raise Stopped(f"execution {execution.id} is {execution.state.current.value}")


_KILLED = frozenset({StateType.KILLING, StateType.KILLED})
"""States of an execution in which its tasks are interrupted. An agreement that was broken ends the task runs, too, with
a state of its own; below any other end, those at work end by themselves."""


def was_ended(scene: TaskScene) -> bool:
    """Whether somebody ended the execution, or this very run, while it is at work, or deleted them. One read."""
    place = scene.place
    try:
        execution, runs = scene.ports.executions.load(place.execution_id, [place.task_run_id])
    except ExecutionNotFound:
        return True
    run = runs.get(place.task_run_id)
    if run is None or run.value.state.is_terminal:
        return True
    return execution.value.state.current in _KILLED and not scene.after_execution


def mark_retrying(scene: TaskScene) -> None:
    """The execution of a task run that waits for its next attempt is RETRYING, if it was RUNNING."""

    def retrying(execution: Execution) -> Execution:
        if execution.state.current != StateType.RUNNING:
            return execution
        return execution.with_state(StateType.RETRYING, scene.now())

    scene.ports.executions.change_execution(scene.execution.value.id, retrying)


def mark_paused(scene: TaskScene) -> None:
    """The execution of a task that pauses is PAUSED."""

    def paused(execution: Execution) -> Execution:
        if execution.state.current not in (StateType.RUNNING, StateType.RETRYING):
            return execution
        running = execution.with_state(StateType.RUNNING, scene.now())
        return running.with_state(StateType.PAUSED, scene.now())

    scene.ports.executions.change_execution(scene.execution.value.id, paused)


def end_retrying(scene: TaskScene) -> None:
    """An execution is RETRYING until the attempt that it waited for begins."""
    if scene.execution.value.state.current != StateType.RETRYING:
        return

    def running(execution: Execution) -> Execution:
        if execution.state.current != StateType.RETRYING:
            return execution
        return execution.with_state(StateType.RUNNING, scene.now())

    scene.ports.executions.change_execution(scene.execution.value.id, running)
