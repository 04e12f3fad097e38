"""How an attempt changes its task run."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pydantic import TypeAdapter

from thermik.executions.model import Lease, TaskRun, counter
from thermik.executions.state import StateType
from thermik.flows.retry import Retry
from thermik.flows.task import Task
from thermik.worker.attempt import Result
from thermik.worker.endings import begun, crashed, ended, failed, resubmissions, resubmitted
from unit.executions.made import at, attempt, task_run

S = StateType
DRAW = random.Random(1)
LEASE = Lease(holder="process/1")
RETRY: Retry = TypeAdapter(Retry).validate_python({"type": "constant", "interval": "PT10S", "maxAttempts": 3})
WARNING: Retry = TypeAdapter(Retry).validate_python({"type": "constant", "interval": "PT10S", "warningOnRetry": True})


def task(**properties: Any) -> Task:
    return Task.model_validate({"id": "task", "type": "t", **properties})


def history(run: TaskRun) -> str:
    return " ".join(entry.state.value for entry in run.state.histories)


def working(*before: str) -> TaskRun:
    """A run at its next attempt, after attempts that ended so."""
    attempts = tuple(attempt("RUNNING", state, begin=number * 10) for number, state in enumerate(before))
    return task_run("RUNNING", attempts=(*attempts, attempt("RUNNING", begin=len(before) * 10))).with_progress(
        lease=LEASE
    )


def end(run: TaskRun, state: StateType, retry: Retry | None = None, **properties: Any) -> TaskRun:
    return ended(run, Result(state), task(**properties), retry, at(100), DRAW)


def test_the_first_attempt_makes_the_run_running() -> None:
    run = begun(task_run(), LEASE, at(5))
    assert history(run) == "CREATED RUNNING"
    assert [each.state.current for each in run.attempts or ()] == ["RUNNING"]
    assert run.progress.lease == LEASE


def test_the_next_attempt_passes_created_again() -> None:
    retrying = task_run("RUNNING", "FAILED", "RETRYING", attempts=(attempt("RUNNING", "FAILED"),)).with_progress(
        retry_at=at(9)
    )
    run = begun(retrying, LEASE, at(10))
    assert history(run) == "CREATED RUNNING FAILED RETRYING CREATED RUNNING"
    assert len(run.attempts or ()) == 2
    assert run.progress.retry_at is None


@pytest.mark.parametrize(
    ("properties", "state", "becomes"),
    [
        ({}, "SUCCESS", "SUCCESS"),
        ({}, "WARNING", "WARNING"),
        ({}, "FAILED", "FAILED"),
        ({}, "KILLED", "KILLED"),
        ({"allowFailure": True}, "FAILED", "WARNING"),
        ({"allowFailure": True, "allowWarning": True}, "FAILED", "SUCCESS"),
        ({"allowWarning": True}, "WARNING", "SUCCESS"),
        ({"allowFailure": True}, "KILLED", "KILLED"),
    ],
)
def test_the_attempt_keeps_its_state_and_the_run_what_it_counts_for(
    properties: dict[str, bool], state: str, becomes: str
) -> None:
    run = end(working(), S(state), **properties)
    assert (run.attempts or ())[-1].state.current == state
    assert run.state.current == becomes
    assert run.progress.lease is None


def test_a_failure_with_tries_left_waits_for_the_next() -> None:
    run = end(working(), S.FAILED, RETRY)
    assert history(run) == "CREATED RUNNING FAILED RETRYING"
    assert run.progress.retry_at == at(110)


def test_a_failure_after_the_last_try_is_final() -> None:
    run = end(working("FAILED", "FAILED"), S.FAILED, RETRY)
    assert run.state.current == "FAILED"
    assert run.progress.retry_at is None


def test_what_may_fail_is_tried_first() -> None:
    assert end(working(), S.FAILED, RETRY, allowFailure=True).state.current == "RETRYING"
    assert end(working("FAILED", "FAILED"), S.FAILED, RETRY, allowFailure=True).state.current == "WARNING"


def test_a_success_after_retries_warns_where_it_is_asked_for() -> None:
    assert end(working(), S.SUCCESS, WARNING).state.current == "SUCCESS"
    assert end(working("FAILED"), S.SUCCESS, WARNING).state.current == "WARNING"
    assert end(working("FAILED"), S.SUCCESS, WARNING, allowWarning=True).state.current == "SUCCESS"
    assert end(working("FAILED"), S.SUCCESS, RETRY).state.current == "SUCCESS"


def test_a_kill_is_never_retried() -> None:
    assert end(working(), S.KILLED, RETRY).state.current == "KILLED"


def test_metrics_are_the_attempts() -> None:
    run = ended(working("FAILED"), Result(S.SUCCESS, metrics=(counter("n", 1),)), task(), None, at(100), DRAW)
    assert [len(each.metrics) for each in run.attempts or ()] == [0, 1]


def test_a_worker_that_died_leaves_an_attempt_that_is_closed_once() -> None:
    run = resubmitted(working("FAILED"), at(50))
    assert [each.state.current for each in run.attempts or ()] == ["FAILED", "RESUBMITTED"]
    assert resubmitted(run, at(60)) == run
    assert resubmissions(run) == 1
    assert run.state.current == "RUNNING"
    assert len(begun(run, LEASE, at(70)).attempts or ()) == 3


def test_an_attempt_that_never_ended_has_failed() -> None:
    run = crashed(working(), at(50))
    assert [each.state.current for each in run.attempts or ()] == ["FAILED"]
    assert crashed(run, at(60)) == run
    assert crashed(task_run(), at(60)) == task_run()
    assert failed(run, task(), RETRY, at(60), DRAW).progress.retry_at == at(60)
    assert failed(task_run("RUNNING"), task(), RETRY, at(60), DRAW).state.current == "FAILED"  # no attempt, no retry
