"""The operation `settleDirectory`: what the machine does after an invocation of `directory` that did not succeed.

Where it came to its end (a child failed), `errors` follow. Where it was lost, the attempt at work is closed as a
failure; if it is to be tried again, the whole begins again then, else the WorkingDirectory has failed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from thermik.executions.model import TaskRun
from thermik.executions.repository import Versioned
from thermik.executions.state import StateType
from thermik.flows.tree import TASKS
from thermik.machines.states import STOPPED, Verdict
from thermik.storage.errors import Conflict
from thermik.tasks.flow.working_directory import WorkingDirectory
from thermik.worker.attempt import log_failure
from thermik.worker.call import Busy, Call
from thermik.worker.directory import failed_group
from thermik.worker.going import mark_retrying
from thermik.worker.logs import log_of
from thermik.worker.scene import TaskScene, enter_task
from thermik.worker.settle import FAILS, MAX_TRIES, TRANSIENT, close_attempt, repeated, stops, verdict_on

_S = StateType

_WELL = frozenset({_S.SUCCESS, _S.WARNING, _S.SKIPPED})


def settle_directory(scene: TaskScene, call: Call) -> dict[str, Any]:
    """Answer how the machine goes on, as `settle` does.

    Raises:
        Busy: it is still at work after all: asked again later.
    """
    if call.error == STOPPED or stops(scene):
        return verdict_on(None)
    found = scene.found or Versioned(scene.new_run(call))
    run = found.value
    if run.state.current == _S.RUNNING and not run.progress.unfinished:
        verdict = Verdict.CONTINUE if _ended_well(scene) else Verdict.FAIL
        return {"verdict": verdict.value, "at": None, "tries": 0}
    if run.state.is_terminal:
        return _verdict_on_ended(run)
    lease = run.progress.lease
    if call.error in TRANSIENT:
        if lease is not None and scene.ports.leases.is_held(lease):
            raise Busy(run.task_id)
        if call.tries < MAX_TRIES:  # storage was away: that is no failure of the task; it begins again
            return repeated(scene, run, call.tries)
    child = _close_child(scene, call)
    if child is not None and child.state.current == _S.RETRYING:
        _write(scene, found.then(run.with_progress(lease=None)))
        mark_retrying(scene)
        return verdict_on(child)
    return _verdict_on_ended(_fail(scene, call, found))


def _verdict_on_ended(run: TaskRun) -> dict[str, Any]:
    """Its `errors` run where it failed by itself, also where it may fail."""
    return FAILS if run.progress.unopened else verdict_on(run)


def _ended_well(scene: TaskScene) -> bool:
    """Whether all children did, and only the invocation's answer was lost."""
    place = scene.place
    ids = [replace(place, node=node).task_run_id for node in place.node.branches[TASKS]]
    runs = scene.ports.executions.task_runs(place.execution_id, ids)
    return len(runs) == len(ids) and all(run.value.state.current in _WELL for run in runs.values())


def _close_child(scene: TaskScene, call: Call) -> TaskRun | None:
    """Close the child's attempt that was at work, if one was; its retry applies."""
    place = scene.place
    for node in place.node.branches[TASKS]:
        child = enter_task(scene.ports, replace(call, task_id=node.id))
        if child.found is not None and child.found.value.state.current in (_S.RUNNING, _S.RETRYING):
            running = child.found.value.state.current == _S.RUNNING
            return close_attempt(child, call, child.found) if running else child.found.value
    return None


def _fail(scene: TaskScene, call: Call, found: Versioned[TaskRun]) -> TaskRun:
    task = scene.place.node.task
    if not isinstance(task, WorkingDirectory):
        raise TypeError(f"{task.type} is no WorkingDirectory")
    message = f"The worker ended without a result: {call.error or 'unknown error'}"
    log = log_of(scene, found.value, attempt=0)
    log_failure(log, message, f"{message}\n{call.cause or ''}")
    log.flush()
    return _write(scene, found.then(failed_group(found.value, task, scene.now())))


def _write(scene: TaskScene, run: Versioned[TaskRun]) -> TaskRun:
    """Write the run; what somebody else made of it meanwhile counts."""
    try:
        scene.ports.executions.write(run)
    except Conflict:
        return scene.ports.executions.task_runs(run.value.execution_id, [run.value.id])[run.value.id].value
    return run.value
