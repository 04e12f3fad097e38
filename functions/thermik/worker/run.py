"""The operation `run`: one attempt of one task run.

Load, decide whether there is anything to do (an operation may come twice, or again after a crash), write that
the attempt begins, carry it out, write how it ended. Two writes, one more if the task logs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from thermik.executions.logs import RunLog
from thermik.executions.model import TaskRun
from thermik.executions.outcomes import tolerated
from thermik.executions.renewal import renew, renewal_at, renews
from thermik.executions.repository import Versioned
from thermik.executions.retries import retry_of
from thermik.executions.state import StateType
from thermik.expressions import ExpressionError, render
from thermik.flows.dynamic import Duration
from thermik.storage.errors import Conflict
from thermik.tasks.runnable import RunnableTask
from thermik.tasks.truth import is_true
from thermik.worker.arrival import Arrival, arrival
from thermik.worker.attempt import Result, carry_out, log_failure, remaining
from thermik.worker.call import Busy, Call, Stopped, TaskFailed
from thermik.worker.context import AttemptContext
from thermik.worker.cut_short import stop_if_cut_short
from thermik.worker.endings import MAX_RESUBMISSIONS, begun, ended, resubmissions, resubmitted
from thermik.worker.files import AttemptFiles
from thermik.worker.going import check_going, end_retrying, mark_retrying, was_ended
from thermik.worker.interrupt import Interruption, Watch
from thermik.worker.log_files import LogFile, log_file_of
from thermik.worker.logs import log_of
from thermik.worker.recording import record
from thermik.worker.scene import TaskScene
from thermik.worker.services import ExpressionServices

END_MARGIN = timedelta(seconds=5)
"""Kept back of an invocation's time to stop the task and write how it ended."""

_DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)


def run_task(watch: Watch, scene: TaskScene, call: Call) -> None:
    """Carry out one attempt, if one is due.

    Raises:
        Stopped: the execution may not go on.
        Busy: another invocation is at work on the attempt, or somebody else (a kill, too) changed the task run.
        TaskFailed: the task run is no success, or not yet: `settle` decides.
    """
    if scene.found is None or not scene.found.value.state.is_terminal:  # what has ended answers at any time
        check_going(scene)
    work_on(watch, scene, call)


def work_on(watch: Watch, scene: TaskScene, call: Call, directory: Path | None = None) -> None:
    """As `run_task`, whether or not the execution may go on; in a directory that is shared, or in one of its own."""
    run = scene.found.value if scene.found else scene.new_run(call)
    lease = run.progress.lease
    held = lease is not None and scene.ports.leases.is_held(lease)
    match arrival(run if scene.found else None, scene.now(), held=held):
        case Arrival.ENDED_WELL:
            return
        case Arrival.ENDED_BADLY:
            _renew_if_retried(scene, run)
            raise TaskFailed(run.task_id)
        case Arrival.BUSY:
            raise Busy(run.task_id)
        case Arrival.RESUBMIT:
            if resubmissions(run) >= MAX_RESUBMISSIONS:
                raise TaskFailed(f"{MAX_RESUBMISSIONS + 1} workers died of this task run")
            run = resubmitted(run, scene.now())
        case Arrival.BEGIN:
            pass
    _Attempt(watch, scene, call, directory).go(Versioned(run, scene.found.version if scene.found else 0))


class _Attempt:
    """One attempt from its beginning to its end."""

    def __init__(self, watch: Watch, scene: TaskScene, call: Call, directory: Path | None) -> None:
        self._watch = watch
        self._scene = scene
        self._call = call
        self._directory = directory
        self._task = scene.place.node.task
        self._retry = retry_of(scene.place.node, scene.plan.flow.retry)

    def go(self, found: Versioned[TaskRun]) -> None:
        """Begin, carry out, end."""
        log = log_of(self._scene, found.value, attempt=len(found.value.attempts or ()))
        try:
            wanted, timeout = self._wanted(found.value), self._timeout(found.value)
        except (ExpressionError, ValidationError) as error:  # without an attempt, hence never retried
            log_failure(log, str(error), f"{type(error).__name__}: {error}")
            log.flush()
            self._finish(found, tolerated(StateType.FAILED, self._task))
            return
        if not wanted:
            self._finish(found, StateType.SKIPPED)
            return
        leases = self._scene.ports.leases
        lease = leases.take(self._call.deadline)
        try:
            working = self._write(found.then(begun(found.value, lease, self._scene.now())))
            end_retrying(self._scene)
            self._end(working, self._logged(working.value, log, timeout))
        finally:
            leases.release(lease)

    def _logged(self, run: TaskRun, log: RunLog, timeout: timedelta | None) -> Result:
        """Carry out, and keep the log: among the execution's entries, or as a file."""
        if not self._task.log_to_file:
            result = self._carry_out(run, log, timeout)
            log.flush()
            return result
        file = log_file_of(self._scene)
        result = self._carry_out(run, file, timeout)
        return replace(result, log_file=file.keep(AttemptFiles(self._scene, run), len(run.attempts or ()) - 1))

    def _wanted(self, run: TaskRun) -> bool:
        return self._task.run_if == "true" or is_true(self._rendered(self._task.run_if, run))

    def _timeout(self, run: TaskRun) -> timedelta | None:
        timeout = self._task.timeout
        if timeout is None or isinstance(timeout, timedelta):
            return timeout
        return _DURATION.validate_python(self._rendered(timeout, run))

    def _rendered(self, text: str, run: TaskRun) -> str:
        services = ExpressionServices(self._scene)
        return str(render(text, self._scene.task_variables(run), services))

    def _carry_out(self, run: TaskRun, log: RunLog | LogFile, timeout: timedelta | None) -> Result:
        scene, task = self._scene, self._task
        if not isinstance(task, RunnableTask):
            raise TypeError(f"{task.type} is nothing that a worker can run")
        interruption = Interruption()
        deadline = self._call.deadline - END_MARGIN if self._call.deadline else None
        context = AttemptContext(
            scene,
            run,
            log=log,
            interruption=interruption,
            deadline=deadline,
            directory=self._directory,
        )
        now = scene.now()
        seconds = remaining(deadline, now, timeout)
        left = deadline - now if deadline is not None and (timeout is None or deadline - now < timeout) else None
        watched = self._watch.begin(interruption, seconds, lambda: was_ended(scene), log.flush_if_old)
        try:
            return self._cached(run, context, lambda: carry_out(task, context, interruption, timeout, left))
        finally:
            self._watch.end(watched)
            context.close()

    def _cached(self, run: TaskRun, context: AttemptContext, work: Callable[[], Result]) -> Result:
        """The result that the task's cache has, or that of the work, which is kept then."""
        if self._task.task_cache is None:
            return work()
        from thermik.worker.cached_outputs import cached_outputs  # few tasks have one

        cache = cached_outputs(self._scene, run, context)
        outputs = cache.load() if cache is not None else None
        if outputs is not None:
            return Result(StateType.SUCCESS, outputs)
        result = work()
        if cache is not None and result.state in (StateType.SUCCESS, StateType.WARNING):
            cache.keep(result.outputs)
        return result

    def _end(self, working: Versioned[TaskRun], result: Result) -> None:
        scene, ports = self._scene, self._scene.ports
        run = ended(working.value, result, self._task, self._retry, scene.now(), ports.random)
        run = ports.large_outputs.keep(run, result.outputs)
        due = self._renewal_at(run)
        if due is not None:
            retried = working.value.state.to(StateType.RETRIED, scene.now())
            run = run.model_copy(update={"state": retried}).with_progress(retry_at=due)
        self._write_end(working, run)
        _renew_if_retried(scene, run)
        if run.state.current == StateType.RETRYING:
            stop_if_cut_short(scene, run)
            mark_retrying(scene)
        _answer(run)

    def _renewal_at(self, run: TaskRun) -> datetime | None:
        """When the execution is tried again as a new one after this failure; None when it is not."""
        if self._retry is None or run.state.current != StateType.FAILED or not renews(self._retry):
            return None
        return renewal_at(self._retry, self._scene.execution.value, self._scene.now(), self._scene.ports.random)

    def _finish(self, found: Versioned[TaskRun], state: StateType) -> None:
        """End a task run that never began."""
        run = found.value.with_state(state, self._scene.now(), outputs={})
        self._write(found.then(run))
        _answer(run)

    def _write(self, run: Versioned[TaskRun]) -> Versioned[TaskRun]:
        return record(self._scene, run)

    def _write_end(self, working: Versioned[TaskRun], run: TaskRun) -> None:
        """Write how the attempt ended: work that is done counts, unless the attempt was ended by somebody else.

        Raises:
            Busy: it was.
        """
        executions, lease = self._scene.ports.executions, working.value.progress.lease

        def ended(current: TaskRun) -> TaskRun:
            mine = current.state.current == StateType.RUNNING and current.progress.lease == lease
            return run if mine else current

        written = working.then(run)
        try:
            executions.write(written)
            self._scene.journal.note(written.written())  # what rides behind renders the flow's outputs from it
        except Conflict as conflict:
            if executions.change_task_run(run.execution_id, run.id, ended) != run:
                raise Busy(f"task run {run.id} was ended by somebody else") from conflict
            self._scene.journal.know([run.id], executions.task_runs(run.execution_id, [run.id]))


def _renew_if_retried(scene: TaskScene, run: TaskRun) -> None:
    """Make the execution that tries a RETRIED one again, or see to it that it was made.

    Raises:
        Stopped: it was; this execution is over.
    """
    due = run.progress.retry_at
    if run.state.current == StateType.RETRIED and due is not None:
        renew(scene.ports.life, run.execution_id, due)
        raise Stopped(f"execution {run.execution_id} is tried again as a new one")


def _answer(run: TaskRun) -> None:
    if run.state.current == StateType.KILLED:
        raise Stopped(f"task run {run.id} was killed")
    if run.state.current in (StateType.FAILED, StateType.RETRYING):
        raise TaskFailed(run.task_id)
