"""How an attempt changes its task run: pure functions from a task run to the next one."""

from __future__ import annotations

import random
from datetime import datetime

from thermik.executions.closing import not_before_the_last
from thermik.executions.model import Attempt, Lease, TaskRun
from thermik.executions.outcomes import tolerated
from thermik.executions.renewal import renews
from thermik.executions.retries import next_attempt_at
from thermik.executions.state import State, StateType
from thermik.flows.retry import Retry
from thermik.flows.task import Task
from thermik.worker.attempt import Result

MAX_RESUBMISSIONS = 5
"""How often an attempt whose worker died is begun again; more often, and the task itself is what kills workers."""

_S = StateType


def begun(run: TaskRun, lease: Lease, now: datetime) -> TaskRun:
    """The task run with another attempt, RUNNING."""
    now = not_before_the_last(run, now)
    state = run.state.to(_S.CREATED, now) if run.state.current == _S.RETRYING else run.state
    attempt = Attempt(state=State.created(now).to(_S.RUNNING, now))
    changes = {"attempts": (*(run.attempts or ()), attempt), "state": state.to(_S.RUNNING, now)}
    return run.model_copy(update=changes).with_progress(lease=lease, retry_at=None)


def resubmitted(run: TaskRun, now: datetime) -> TaskRun:
    """The task run after its worker died: the attempt closed, another one may begin."""
    attempts = run.attempts or ()
    if not attempts or attempts[-1].state.is_terminal:
        return run
    return run.model_copy(update={"attempts": (*attempts[:-1], _closed(attempts[-1], _S.RESUBMITTED, now))})


def resubmissions(run: TaskRun) -> int:
    """How often its worker died."""
    return sum(attempt.state.current == _S.RESUBMITTED for attempt in run.attempts or ())


def ended(run: TaskRun, result: Result, task: Task, retry: Retry | None, now: datetime, draw: random.Random) -> TaskRun:
    """The task run after an attempt: final, or RETRYING with the date of the next attempt."""
    attempts = run.attempts or ()
    closed = _closed(attempts[-1], result.state, now).model_copy(
        update={"metrics": result.metrics, "log_file": result.log_file}
    )
    run = run.model_copy(update={"attempts": (*attempts[:-1], closed)}).with_progress(lease=None)
    if result.state == _S.FAILED and not result.is_decided:
        return failed(run, task, retry, now, draw)
    # Kestra's `warningOnRetry`: a success that took more than one attempt is a WARNING
    warned = retry is not None and retry.warning_on_retry and len(attempts) > 1 and result.state == _S.SUCCESS
    return run.with_state(tolerated(_S.WARNING if warned else result.state, task), now)


def failed(run: TaskRun, task: Task, retry: Retry | None, now: datetime, draw: random.Random) -> TaskRun:
    """The task run after its last attempt failed."""
    due = None if retry is None or renews(retry) else next_attempt_at(retry, run.attempts or (), draw)
    if due is None:
        return run.with_state(tolerated(_S.FAILED, task), now).with_progress(lease=None)
    state = run.state.to(_S.FAILED, now).to(_S.RETRYING, now)
    return run.model_copy(update={"state": state}).with_progress(lease=None, retry_at=due)


def crashed(run: TaskRun, now: datetime) -> TaskRun:
    """The task run whose attempt never ended: the attempt closed as FAILED."""
    attempts = run.attempts or ()
    if not attempts or attempts[-1].state.is_terminal:
        return run
    return run.model_copy(update={"attempts": (*attempts[:-1], _closed(attempts[-1], _S.FAILED, now))})


def _closed(attempt: Attempt, state: StateType, now: datetime) -> Attempt:
    return attempt.model_copy(update={"state": attempt.state.to(state, now)})
