"""Whether an execution goes on: asked by every operation before it starts anything, and told when a retry waits."""

from __future__ import annotations

from thermik.executions.model import Execution
from thermik.executions.outcomes import may_work
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
