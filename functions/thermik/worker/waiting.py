"""The operations `wait` and `due` of a pause: its token is noted; and what it means that the wait is over.

`wait` never fails its invocation for what it finds: a state that waits with a token is answered instead.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from thermik.executions.model import TaskRun
from thermik.executions.outcomes import tolerated
from thermik.executions.pausing import end_pause, failed_in_time, run_again
from thermik.executions.state import StateType
from thermik.flows.shapes import AfterWaiting
from thermik.flows.task import FlowableTask
from thermik.worker.call import Call, InvalidCall
from thermik.worker.finish import end_from_within
from thermik.worker.gates import paused
from thermik.worker.scene import TaskScene
from thermik.worker.settle import FAILS, stops, verdict_on

_S = StateType


def wait(scene: TaskScene, call: Call) -> dict[str, Any]:
    """Note the token with the paused run, for whoever resumes it; answer at once if it is paused no longer."""
    token = call.token
    if token is None:
        raise InvalidCall("a wait without a task token")

    def noted(run: TaskRun) -> TaskRun:
        return run.with_progress(token=token) if run.state.current == _S.PAUSED else run

    # On whatever the run is by now: a resume before this found no token to answer, and this finds the run resumed.
    run_id = scene.place.task_run_id
    run = scene.ports.executions.change_task_run(call.execution_id, run_id, noted)
    if run is None or run.state.current != _S.PAUSED:
        if scene.execution.value.state.current == _S.PAUSED:  # a resume is between its two writes, or died there
            run_again(scene.ports.life, call.execution_id)
        scene.ports.life.machines.answer(scene.execution.value, token, {})
    else:
        paused(scene)
    return {}


def due(scene: TaskScene, _call: Call) -> dict[str, Any]:
    """The wait is over: somebody resumed, or the time has run out. Answers a verdict, as `settle` does."""
    if stops(scene):
        return verdict_on(None)
    run = scene.found.value if scene.found else None
    if run is not None and run.state.current == _S.PAUSED:
        meant = run.progress.after_due or _S.SUCCESS
        ending = tolerated(meant, scene.place.node.task)
        end_pause(scene.ports.life, run, None, ending, at_once=meant in (_S.FAILED, _S.CANCELLED))
        if ending == _S.CANCELLED:
            end_from_within(scene, ending)
            return verdict_on(None)
        run = scene.ports.executions.task_runs(run.execution_id, [run.id])[run.id].value
    if run is not None and failed_in_time(run, scene.place.node.task):  # its `errors` run, also where it may fail
        return FAILS
    return FAILS if _failed_meanwhile(scene) else verdict_on(run)


def _failed_meanwhile(scene: TaskScene) -> bool:
    """Whether what ran while it waited has failed, so that what should follow does not begin."""
    node = scene.place.node
    shape = node.task.shape if isinstance(node.task, FlowableTask) else None
    meanwhile = node.branches[shape.meanwhile] if isinstance(shape, AfterWaiting) else ()
    ids = [replace(scene.place, node=each).task_run_id for each in meanwhile]
    runs = scene.ports.executions.task_runs(scene.place.execution_id, ids) if ids else {}
    return any(run.value.state.current in (_S.FAILED, _S.KILLED) for run in runs.values())
