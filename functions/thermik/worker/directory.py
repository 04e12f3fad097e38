"""The operation `directory`: a WorkingDirectory's tasks, one after the other, in one directory and one invocation.

Each child is a task run as any other, made when it starts; a retry waits within the invocation. What is in the
directory lives as long as the invocation: should the worker die, the whole begins again in a new directory, those
children too that had ended (RESTARTED, with another attempt), because the next ones need what these left. An invocation
that came to its end is never repeated: one that comes again answers from what was recorded.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from thermik.executions.logs import RunLog
from thermik.executions.model import Lease, TaskRun
from thermik.executions.outcomes import may_work, tolerated
from thermik.executions.repository import Versioned
from thermik.executions.state import StateType
from thermik.expressions import ExpressionError, render
from thermik.flows.tree import TASKS, Node
from thermik.machines.states import SKIP, UNDECIDED, Op
from thermik.storage.errors import Unavailable
from thermik.tasks.flow.working_directory import WorkingDirectory
from thermik.tasks.truth import is_true
from thermik.worker.attempt import log_failure, remaining
from thermik.worker.call import Busy, Call, Stopped, TaskFailed
from thermik.worker.context import AttemptContext
from thermik.worker.cut_short import is_cut_short
from thermik.worker.going import check_going, was_ended
from thermik.worker.interrupt import Interruption, Watch
from thermik.worker.logs import log_of
from thermik.worker.recording import record
from thermik.worker.run import END_MARGIN, work_on
from thermik.worker.scene import TaskScene, enter_task
from thermik.worker.services import ExpressionServices

_S = StateType

T = TypeVar("T")


class _Undecided(Exception):
    """Whether a child is to run cannot be told: that fails the WorkingDirectory, and the child has no task run."""


_BADLY = frozenset({_S.FAILED, _S.KILLED, _S.CANCELLED, _S.RETRIED})


def work_in_directory(watch: Watch, scene: TaskScene, call: Call) -> dict[str, Any]:
    """Open the WorkingDirectory's run and carry out its children, as far as they have not ended.

    Raises:
        Stopped: the execution may not go on.
        Busy: another invocation is at work on it.
        TaskFailed: a child failed, or the directory could not be filled or kept.
    """
    check_going(scene)
    found = scene.found or Versioned(scene.new_run(call))
    lease = found.value.progress.lease
    if lease is not None and scene.ports.leases.is_held(lease):
        raise Busy(found.value.task_id)
    state = found.value.state
    if state.current == _S.SKIPPED:
        return {"decision": SKIP}
    if state.is_terminal and found.value.progress.decision == UNDECIDED:
        return {"decision": UNDECIDED}
    if state.current in _BADLY or (state.is_terminal and found.value.progress.unopened):
        raise TaskFailed(found.value.task_id)
    if not state.is_terminal:
        return _Group(watch, scene, call).go(found)
    return {"decision": ""}


class _Group:
    """One invocation of a WorkingDirectory."""

    def __init__(self, watch: Watch, scene: TaskScene, call: Call) -> None:
        task = scene.place.node.task
        if not isinstance(task, WorkingDirectory):
            raise TypeError(f"{task.type} is no WorkingDirectory")
        self._task = task
        self._watch = watch
        self._scene = scene
        self._call = call
        self._services = ExpressionServices(scene)
        self._interruption = Interruption()
        self._children = scene.place.node.branches[TASKS]

    def go(self, found: Versioned[TaskRun]) -> dict[str, Any]:
        """Begin, carry out, end; the answer is for the machine's Choice."""
        run = found.value
        log = log_of(self._scene, run, attempt=0)
        try:
            wanted = self._task.run_if == "true" or is_true(self._rendered(self._task.run_if, run))
        except ExpressionError as error:  # unlike what fails later, it leads past `errors`, as with any flowable
            self._failed(found.then(run.with_progress(decision=UNDECIDED)), log, error)
            return {"decision": UNDECIDED}
        if not wanted:
            self._write(found.then(run.with_state(_S.SKIPPED, self._scene.now(), outputs={})))
            return {"decision": SKIP}
        if self._has_ended(run):
            return {"decision": ""}
        leases = self._scene.ports.leases
        lease = leases.take(self._call.deadline)
        try:
            working = self._write(found.then(self._begun(run, lease)))
            if run.progress.unfinished:
                self._start_over()
            self._work(working, log)
        finally:
            log.flush()
            leases.release(lease)
        return {"decision": ""}

    def _rendered(self, text: str, run: TaskRun) -> str:
        return str(render(text, self._scene.task_variables(run), self._services))

    def _has_ended(self, run: TaskRun) -> bool:
        """Whether there is nothing left to run. Raises: TaskFailed, when a child has failed for good."""
        children = self._runs()
        failed = [child.value.task_id for child in children.values() if child.value.state.current in _BADLY]
        if failed and run.state.current == _S.RUNNING:
            raise TaskFailed(failed[0])
        ended = len(children) == len(self._children) and all(run.value.state.is_terminal for run in children.values())
        return ended and not run.progress.unfinished and run.state.current == _S.RUNNING

    def _runs(self) -> dict[str, Versioned[TaskRun]]:
        """The children's task runs that exist."""
        place = self._scene.place
        ids = [replace(place, node=node).task_run_id for node in self._children]
        return self._scene.ports.executions.task_runs(place.execution_id, ids)

    def _begun(self, run: TaskRun, lease: Lease) -> TaskRun:
        return run.with_state(_S.RUNNING, self._scene.now(), outputs={}).with_progress(
            lease=lease, unfinished=True, unopened=False, decision=None
        )

    def _start_over(self) -> None:
        """Let the children that ended in the invocation before run again: their directory is gone."""

        def again(run: TaskRun) -> TaskRun:
            return run.with_state(_S.RESTARTED, self._scene.now()) if run.state.is_terminal else run

        for child in self._runs().values():
            if child.value.state.is_terminal:
                self._scene.ports.executions.change_task_run(child.value.execution_id, child.value.id, again)

    def _work(self, working: Versioned[TaskRun], log: RunLog) -> None:
        """Fill the directory, run the children, keep what they left.

        Raises:
            TaskFailed: some of it failed; it is recorded.
        """
        with _directory(log) as folder, self._watched(log):
            context = self._context(working.value, log, folder)
            cached = self._guarded(working, log, lambda: self._task.prepare(context))
            failed = self._failing_child(working.value, folder)
            if isinstance(failed, _Undecided):
                raise self._failed(working, log, failed)
            outputs = self._guarded(working, log, lambda: self._task.capture(context, cached))
        now_done = working.value.with_progress(lease=None, unfinished=None).model_copy(update={"outputs": outputs})
        self._write(working.then(now_done))
        if failed is not None:
            raise failed

    @contextmanager
    def _watched(self, log: RunLog) -> Iterator[None]:
        seconds = remaining(self._deadline, self._scene.now(), None)
        ended = partial(was_ended, self._scene)
        watched = self._watch.begin(self._interruption, seconds, ended, log.flush_if_old)
        try:
            yield
        finally:
            self._watch.end(watched)

    @property
    def _deadline(self) -> datetime | None:
        return self._call.deadline - END_MARGIN if self._call.deadline else None

    def _context(self, run: TaskRun, log: RunLog, folder: Path) -> AttemptContext:
        return AttemptContext(
            self._scene,
            run,
            log=log,
            interruption=self._interruption,
            deadline=self._deadline,
            directory=folder,
        )

    def _guarded(self, working: Versioned[TaskRun], log: RunLog, work: Callable[[], T]) -> T:
        try:
            return work()
        except Unavailable:  # no failure of the task: it begins again
            raise
        except Exception as error:
            raise self._failed(working, log, error) from error

    def _failed(self, run: Versioned[TaskRun], log: RunLog, error: Exception) -> TaskFailed:
        """The WorkingDirectory itself failed: its run is closed. Returns what to raise."""
        log_failure(log, str(error) or type(error).__name__, f"{type(error).__name__}: {error}")
        log.flush()
        self._write(run.then(failed_group(run.value, self._task, self._scene.now())))
        return TaskFailed(run.value.task_id)

    def _failing_child(self, group: TaskRun, folder: Path) -> TaskFailed | _Undecided | None:
        """Run the children; how one failed for good, after which no other runs."""
        for node in self._children:
            try:
                self._child(group, node, folder)
            except TaskFailed:
                return TaskFailed(node.id)
            except _Undecided as error:
                return error
        return None

    def _child(self, group: TaskRun, node: Node, folder: Path) -> None:
        """One child with all its attempts. Raises: TaskFailed, _Undecided."""
        while True:
            call = replace(self._call, op=Op.RUN, task_id=node.id, entered=self._scene.now(), before=(), after=())
            scene = enter_task(self._scene.ports, call)
            self._check(scene, group)
            self._decide(scene, call)
            try:
                work_on(self._watch, scene, call, folder)
            except TaskFailed:
                self._wait_for_next(scene)
            else:
                return

    def _check(self, scene: TaskScene, group: TaskRun) -> None:
        """Pass unless the execution, or what is around, has ended; a pause by hand does not divide a directory."""
        going = may_work(scene.execution.value.state.current, held=False) or scene.after_execution
        if going and not is_cut_short(self._scene):
            return

        def ended(run: TaskRun) -> TaskRun:
            done = run.state.is_terminal
            return run if done else run.with_state(_S.KILLED, self._scene.now()).with_progress(lease=None)

        scene.ports.executions.change_task_run(group.execution_id, group.id, ended)
        raise Stopped(f"execution {group.execution_id}, or a parent of task run {group.id}, has ended")

    def _decide(self, scene: TaskScene, call: Call) -> None:
        """See that the `runIf` of a child that has not begun can be rendered. Raises: _Undecided."""
        run_if = scene.place.node.task.run_if
        if scene.found is not None or run_if == "true":
            return
        try:
            render(run_if, scene.task_variables(scene.new_run(call)), ExpressionServices(scene))
        except ExpressionError as error:
            raise _Undecided(f"Failed evaluating runIf of task {scene.place.node.id}: {error}") from error

    def _wait_for_next(self, scene: TaskScene) -> None:
        """Wait until the child's next attempt is due. Raises: TaskFailed, when there is none; Stopped."""
        run_id = scene.place.task_run_id
        run = scene.ports.executions.task_runs(scene.place.execution_id, [run_id])[run_id]
        due = run.value.progress.retry_at
        if run.value.state.current != _S.RETRYING or due is None:
            raise TaskFailed(run.value.task_id)
        if self._deadline is not None and due > self._deadline:
            self._give_up(scene, run, due)
        while (seconds := (due - scene.now()).total_seconds()) > 0:
            if self._interruption.wait(seconds):
                raise Stopped(f"task run {run_id} was killed")

    def _give_up(self, scene: TaskScene, run: Versioned[TaskRun], due: datetime) -> None:
        """A retry that is due after the invocation's end cannot be had: the directory would be gone."""
        log = log_of(scene, run.value, attempt=max(0, len(run.value.attempts or ()) - 1))
        log.error(
            f"The next attempt is due at {due:%Y-%m-%dT%H:%M:%SZ}, after the end of the invocation that holds the "
            "working directory: it is not made. Choose a shorter interval, or a task outside of the WorkingDirectory"
        )
        log.flush()
        state = tolerated(_S.FAILED, scene.place.node.task)
        self._write(run.then(run.value.with_state(state, scene.now()).with_progress(retry_at=None)))
        raise TaskFailed(run.value.task_id)

    def _write(self, run: Versioned[TaskRun]) -> Versioned[TaskRun]:
        return record(self._scene, run)


def failed_group(run: TaskRun, task: WorkingDirectory, now: datetime) -> TaskRun:
    """A WorkingDirectory's run that failed by itself, not by a child; its `errors` run afterwards."""
    failed = run.with_state(tolerated(_S.FAILED, task), now, outputs={})
    return failed.with_progress(lease=None, unfinished=None, unopened=True)


@contextmanager
def _directory(log: RunLog) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="thermik-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            log.warn(f"The working directory {folder} could not be removed")
