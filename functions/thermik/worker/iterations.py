"""Keeps what comes late to an iteration of a LoopUntil from bringing back task runs that the loop has forgotten.

A LoopUntil deletes the task runs of an iteration that is over. An operation of that iteration that is delivered once
more then finds nothing, as if it were the first: it would do its work again, in a task run without a parent.
"""

from __future__ import annotations

from collections.abc import Iterator

from thermik.executions.model import Scope, TaskRun
from thermik.executions.repository import Versioned
from thermik.flows.shapes import Again
from thermik.flows.task import FlowableTask
from thermik.storage import schema
from thermik.storage.table import Check
from thermik.worker.call import Stopped
from thermik.worker.scene import TaskScene


def check_iteration(scene: TaskScene) -> None:
    """Pass if every LoopUntil around the task is in the iteration that the operation belongs to.

    Raises:
        Stopped: one has left it; nobody waits for the answer any more.
    """
    for scope, loop in _around(scene):
        if loop is None or (loop.value.progress.turn or 1) != scope.turn:
            raise Stopped(f"the iteration of '{scene.place.node.id}' is over")


def unchanged_iterations(scene: TaskScene) -> list[Check]:
    """What must still hold when a task run is made: that no LoopUntil around it has gone on since it was looked at."""
    loops = (loop for _, loop in _around(scene) if loop is not None)
    return [Check(schema.task_run(loop.value.execution_id, loop.value.id), loop.version) for loop in loops]


def _around(scene: TaskScene) -> Iterator[tuple[Scope, Versioned[TaskRun] | None]]:
    """The LoopUntils around a task, nearest first: the turn that it stands in, and the run, None where it is gone."""
    scope, repeats = scene.place.scope, any(_is_repeated(scene, node.id) for node in scene.place.node.ancestors())
    while scope is not None and repeats:
        if scene.journal.run(scope.run) is None:
            yield scope, None
            return
        loop = scene.journal.versioned(scope.run)
        if _is_repeated(scene, loop.value.task_id):
            yield scope, loop
        scope = loop.value.progress.scope


def _is_repeated(scene: TaskScene, task_id: str) -> bool:
    task = scene.plan.tree[task_id].task
    return isinstance(task, FlowableTask) and isinstance(task.shape, Again)
