"""Retries, with a clock that skips what they wait for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from engine.probe import Flaky, probe
from engine.running import engine, history_of, run
from engine.sources import constant, fail, flow, log, par, seq
from thermik.executions.model import TaskRun
from thermik.local.interpreter import SkippingClock
from thermik.local.runtime import Runtime

SECOND = timedelta(seconds=1)


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    with engine(tmp_path, clock=SkippingClock()) as started:
        yield started


def pauses(task_run: TaskRun) -> list[timedelta]:
    """The time between one attempt's end and the next one's beginning."""
    attempts = task_run.attempts or ()
    return [later.state.start_date - earlier.state.histories[-1].date for earlier, later in pairwise(attempts)]


def about(seconds: float) -> Any:
    """A pause, as exact as machines wait: whole seconds, rounded up."""
    return pytest.approx(seconds + 0.75, abs=0.75)


def test_a_task_is_tried_until_it_succeeds(runtime: Runtime) -> None:
    ran = run(runtime, flow(probe("a", Flaky(2), retry=constant("PT1H")), log("b")))
    assert ran.state == "SUCCESS"
    assert ran.attempts("a") == ["FAILED", "FAILED", "SUCCESS"]
    assert history_of(ran.run("a")) == [
        *["CREATED", "RUNNING", "FAILED", "RETRYING"] * 2,
        *["CREATED", "RUNNING", "SUCCESS"],
    ]
    assert ran.history == ["CREATED", "RUNNING", "RETRYING", "RUNNING", "RETRYING", "RUNNING", "SUCCESS"]
    assert [pause.total_seconds() for pause in pauses(ran.run("a"))] == [about(3600), about(3600)]


def test_all_attempts_count_and_the_handler_runs_once(runtime: Runtime) -> None:
    ran = run(runtime, flow(fail("a", retry=constant(maxAttempts=3)), log("b"), errors=[log("handler")]))
    assert ran.states() == {"a": "FAILED", "handler": "SUCCESS"}
    assert ran.attempts("a") == ["FAILED"] * 3
    assert ran.logged("handler") == ["here"]
    assert sorted({entry["attemptNumber"] for entry in ran.logs if entry["taskId"] == "a"}) == [0, 1, 2]
    assert len([entry for entry in ran.logs if entry["taskId"] == "a"]) == 6  # message and trace of each


def test_an_exponential_retry_waits_longer_each_time(runtime: Runtime) -> None:
    retry = {"type": "exponential", "interval": "PT10S", "maxInterval": "PT1M", "delayFactor": 3, "maxAttempts": 5}
    ran = run(runtime, flow(fail("a", retry=retry)))
    waited = [pause.total_seconds() for pause in pauses(ran.run("a"))]
    assert waited == [about(10), about(30), about(60), about(60)]


def test_max_duration_ends_the_retries(runtime: Runtime) -> None:
    ran = run(runtime, flow(fail("a", retry=constant("PT1M", maxDuration="PT5M"))))
    assert len(ran.attempts("a")) == 5  # the sixth would be due a moment after five minutes
    assert ran.state == "FAILED"


def test_a_success_after_retries_may_be_a_warning(runtime: Runtime) -> None:
    retry = constant(warningOnRetry=True)
    assert run(runtime, flow(probe("a", Flaky(1), retry=retry))).state == "WARNING"
    assert run(runtime, flow(probe("a", Flaky(0), retry=retry))).state == "SUCCESS"


@pytest.mark.parametrize(
    ("tolerance", "state"),
    [({"allowFailure": True}, "WARNING"), ({"allowFailure": True, "allowWarning": True}, "SUCCESS")],
)
def test_what_may_fail_is_retried_first(runtime: Runtime, tolerance: dict[str, bool], state: str) -> None:
    ran = run(runtime, flow(fail("a", retry=constant(maxAttempts=3), **tolerance), log("b"), errors=[log("handler")]))
    assert ran.state == state
    assert ran.states() == {"a": state, "b": "SUCCESS"}
    assert ran.attempts("a") == ["FAILED"] * 3


def test_leaves_inherit_the_retry_around_them(runtime: Runtime) -> None:
    group = seq("group", seq("inner", probe("a", Flaky(1))), retry=constant("PT1M", maxAttempts=2))
    ran = run(runtime, flow(group, probe("b", Flaky(2)), retry=constant("PT1H", maxAttempts=3)))
    assert ran.state == "SUCCESS"
    assert ran.attempts("a") == ["FAILED", "SUCCESS"]
    assert ran.attempts("b") == ["FAILED", "FAILED", "SUCCESS"]
    assert ran.run("group").attempts is None
    assert history_of(ran.run("group")) == ["CREATED", "RUNNING", "SUCCESS"]


def test_tasks_side_by_side_are_each_retried(runtime: Runtime) -> None:
    children = [probe(f"t{number}", Flaky(1), retry=constant("PT1M", maxAttempts=2)) for number in range(4)]
    ran = run(runtime, flow(par("all", *children)))
    assert ran.state == "SUCCESS"
    assert {tuple(ran.attempts(f"t{number}")) for number in range(4)} == {("FAILED", "SUCCESS")}


def test_outputs_are_those_of_the_last_attempt(runtime: Runtime) -> None:
    ran = run(runtime, flow(probe("a", Flaky(1), retry=constant()), log("b", "{{ outputs.a.runs }}")))
    assert ran.run("a").outputs == {"runs": 2}
    assert ran.logged("b") == ["2"]


def test_attempts_count_what_is_finished(runtime: Runtime) -> None:
    condition = "{{ taskrun.attemptsCount < 2 }}"
    ran = run(runtime, flow(fail("a", condition=condition, retry=constant(maxAttempts=5))))
    assert ran.attempts("a") == ["FAILED", "FAILED", "SUCCESS"]
