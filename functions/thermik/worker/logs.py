"""The logs of an operation: of a task run's attempt, and of the execution itself."""

from __future__ import annotations

from thermik.executions.logs import LogOwner, RunLog
from thermik.executions.model import TaskRun
from thermik.tasks.runnable import Level
from thermik.worker.scene import Scene, TaskScene


def log_of(scene: TaskScene, run: TaskRun, *, attempt: int, first_chunk: int = 0) -> RunLog:
    """The log of an attempt of a task run, at the level that the task asks for.

    Args:
        first_chunk: where several operations log for one attempt, what tells their chunks apart.
    """
    execution = scene.execution.value
    level = scene.place.node.task.log_level
    owner = LogOwner(execution.namespace, execution.flow_id, execution.id, run.task_id, run.id, attempt)
    return RunLog(
        scene.ports.table,
        scene.ports.clock,
        owner,
        minimum=Level(level) if level else Level.TRACE,
        secrets=scene.secrets(),
        first_chunk=first_chunk,
    )


def log_of_execution(scene: Scene) -> RunLog:
    """The log of what belongs to no task."""
    execution = scene.execution.value
    owner = LogOwner(execution.namespace, execution.flow_id, execution.id)
    return RunLog(scene.ports.table, scene.ports.clock, owner, secrets=scene.secrets())
