"""What becomes of task runs when a sibling's failure ends their parent: nothing that waits stays open.

The machine ends the other branches at once; what was at work in them ends by itself and is recorded. Whatever only
waits (a retry, a pause, a subflow), or only contains others, is KILLED. Two sides see to it, each after its own write,
so that one of them sees the other: the parent that closes looks below itself, and a run that begins to wait looks
above itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from thermik.executions.closing import cut_off
from thermik.executions.model import TaskRun
from thermik.executions.outcomes import cuts_short, may_work
from thermik.executions.pausing import failed_in_time
from thermik.executions.state import StateType
from thermik.flows.shapes import AfterWaiting
from thermik.flows.task import FlowableTask
from thermik.worker.call import Stopped
from thermik.worker.scene import TaskScene


def end_below(scene: TaskScene, top: TaskRun) -> None:
    """Kill what is open below a flowable's run that has ended, without what is at work."""
    runs = {found.value.id: found.value for found in scene.ports.executions.all_task_runs(top.execution_id)}
    for run in runs.values():
        if not run.state.is_terminal and top.id in _above(run, runs):
            end_waiting(scene, run.id)


def _above(run: TaskRun, runs: Mapping[str, TaskRun]) -> Iterator[str]:
    """The ids of the runs above a run, nearest first."""
    parent = run.parent_task_run_id
    while parent is not None:
        yield parent
        parent = runs[parent].parent_task_run_id if parent in runs else None


def end_waiting(scene: TaskScene, run_id: str, state: StateType = StateType.KILLED) -> TaskRun | None:
    """End a task run that is not at work."""
    leases = scene.ports.leases

    def ended(run: TaskRun) -> TaskRun:
        lease = run.progress.lease
        if run.state.is_terminal or (lease is not None and leases.is_held(lease)):
            return run
        return cut_off(run, state, scene.now())

    return scene.ports.executions.change_task_run(scene.execution.value.id, run_id, ended)


def stop_if_cut_short(scene: TaskScene, run: TaskRun) -> None:
    """Go on only if `was_cut_short` says no. Raises: Stopped: the run is KILLED."""
    if was_cut_short(scene, run):
        raise Stopped(f"task run {run.id} was cut short by a failure beside it")


def was_cut_short(scene: TaskScene, run: TaskRun) -> bool:
    """Whether a run that has just begun to wait, or been opened, stands below what a failure has ended meanwhile.

    Then it is KILLED.
    """
    if not is_cut_short(scene):
        return False
    end_waiting(scene, run.id)
    return True


def is_cut_short(scene: TaskScene) -> bool:
    """Whether the task stands below what has ended. One read, and only for what stands below tasks side by side."""
    if not any(cuts_short(node) for node in scene.place.node.ancestors()):
        return False
    above = []
    place = scene.journal.ancestor(scene.place)
    while place is not None:
        above.append(place.task_run_id)
        place = scene.journal.ancestor(place)
    execution, found = scene.ports.executions.load(scene.execution.value.id, above)
    going = may_work(execution.value.state.current, held=False) or scene.after_execution
    return not going or any(_has_closed(scene, each.value) for each in found.values())


def _has_closed(scene: TaskScene, run: TaskRun) -> bool:
    """Whether a flowable is over: what could not be opened, or only paused, ends before its handlers run."""
    if not run.state.is_terminal or run.progress.unopened:
        return False
    task = scene.plan.tree[run.task_id].task
    if isinstance(task, FlowableTask) and isinstance(task.shape, AfterWaiting) and not run.progress.decision:
        return run.state.current == StateType.KILLED
    return not failed_in_time(run, task)
