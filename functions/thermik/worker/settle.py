"""The operation `settle`: what the machine does after an invocation of `run` that did not succeed.

It reads what was recorded. Where an attempt was begun and never ended (the worker crashed, or Lambda's time ran
out), it closes the attempt; where nothing was recorded at all, it makes the failed task run.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from thermik.executions.model import TaskRun
from thermik.executions.outcomes import may_work
from thermik.executions.repository import Versioned
from thermik.executions.retries import retry_of
from thermik.executions.state import StateType
from thermik.machines.client import MachinesUnavailable
from thermik.machines.dates import machine_date
from thermik.machines.states import BUSY, STOPPED, Verdict
from thermik.storage.errors import BlobsUnavailable, Conflict, TableUnavailable
from thermik.worker.attempt import log_failure
from thermik.worker.call import Call
from thermik.worker.cut_short import was_cut_short
from thermik.worker.endings import crashed, failed
from thermik.worker.going import mark_retrying
from thermik.worker.logs import log_of
from thermik.worker.scene import TaskScene

_S = StateType

TRANSIENT = frozenset(
    {
        BUSY,
        *(error.__name__ for error in (BlobsUnavailable, Conflict, MachinesUnavailable, TableUnavailable)),
        "Lambda.AWSLambdaException",
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.SdkClientException",
        "Lambda.ServiceException",
        "Lambda.TooManyRequestsException",
    }
)
"""Errors of an invocation that was not carried out, or that somebody else carries out: it is simply repeated.
So is one that could not record what it did, since storage was away: that is no failure of the task.
https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html"""

MAX_TRIES = 100
"""How often in a row it is repeated: for three quarters of an hour on average, longer than any Lambda works."""

_LONGEST_PAUSE_SECONDS = 60.0


def settle(scene: TaskScene, call: Call) -> dict[str, Any]:
    """Answer how the machine goes on: `{verdict, at, tries}`, `at` the date of the next attempt for RETRY."""
    if call.error == STOPPED:
        return verdict_on(None)
    if stops(scene):
        return verdict_on(scene.found.value if scene.found and _finished(scene) else None)
    run = scene.found.value if scene.found else scene.new_run(call)
    if call.error in TRANSIENT and call.tries < MAX_TRIES and not run.state.is_terminal:
        return repeated(scene, run, call.tries)
    if run.state.current in (_S.CREATED, _S.RUNNING, _S.RESTARTED):
        run = close_attempt(scene, call, Versioned(run, scene.found.version if scene.found else 0))
    if run.state.current == _S.RETRYING and scene.execution.value.state.current != _S.RETRYING:
        if was_cut_short(scene, run):
            return verdict_on(None)
        mark_retrying(scene)
    return verdict_on(run)


def stops(scene: TaskScene) -> bool:
    """Whether nothing of the execution may go on."""
    execution = scene.execution.value
    return not may_work(execution.state.current, held=execution.progress.held) and not scene.after_execution


def _finished(scene: TaskScene) -> bool:
    """Whether the execution was finished behind this very task run, and only the answer did not get through.

    Then the machine goes on to the state that finishes, which answers the same again, and to `afterExecution`.
    """
    finished = scene.execution.value.state.current in (_S.SUCCESS, _S.WARNING, _S.FAILED)
    return finished and scene.found is not None and scene.found.value.state.is_terminal


def verdict_on(run: TaskRun | None) -> dict[str, Any]:
    """How a machine goes on after this task run; None where the execution may not go on."""
    if run is None:
        return _verdict(Verdict.STOP)
    match run.state.current:
        case _S.RUNNING:  # a pause with tasks, which begin now
            return _verdict(Verdict.CONTINUE)
        case _S.RETRYING if run.progress.retry_at is not None:
            return _verdict(Verdict.RETRY, machine_date(run.progress.retry_at))
        case _S.RETRIED:
            return _verdict(Verdict.STOP)
        case _S.SUCCESS | _S.WARNING | _S.SKIPPED:
            return _verdict(Verdict.CONTINUE)
        case _:
            return _verdict(Verdict.FAIL)


def repeated(scene: TaskScene, run: TaskRun, tries: int) -> dict[str, Any]:
    """Invoke once more, after a pause that grows, with full jitter; not before an attempt is due that is waited for."""
    pause = scene.ports.random.uniform(0.0, min(_LONGEST_PAUSE_SECONDS, 2.0**tries))
    at = scene.now() + timedelta(seconds=pause)
    return _verdict(Verdict.RETRY, machine_date(max(at, run.progress.retry_at or at)), tries + 1)


def _verdict(verdict: Verdict, at: str | None = None, tries: int = 0) -> dict[str, Any]:
    return {"verdict": verdict.value, "at": at, "tries": tries}


FAILS = _verdict(Verdict.FAIL)
"""The verdict that a failure is one for good."""


def close_attempt(scene: TaskScene, call: Call, found: Versioned[TaskRun]) -> TaskRun:
    """Close the attempt that never ended; the task's retry applies as to any failure."""
    task, now = scene.place.node.task, scene.now()
    log = log_of(scene, found.value, attempt=max(0, len(found.value.attempts or ()) - 1))
    message = f"The worker ended without a result: {call.error or 'unknown error'}"
    log_failure(log, message, f"{message}\n{call.cause or ''}")
    log.flush()
    retry = retry_of(scene.place.node, scene.plan.flow.retry)
    run = failed(crashed(found.value, now), task, retry, now, scene.ports.random)
    try:
        scene.ports.executions.write(found.then(run))
    except Conflict:  # the attempt ended at this very moment: what it recorded counts
        recorded = scene.ports.executions.task_runs(run.execution_id, [run.id]).get(run.id)
        return recorded.value if recorded else run
    return run
