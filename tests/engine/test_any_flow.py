"""Random flows do what a plain recursion over them says, and leave nothing open behind."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings

from engine.random_flows import flows
from engine.reference import Key, expect
from engine.running import Ran, engine, run
from thermik.executions.model import TaskRun
from thermik.local.interpreter import SkippingClock
from thermik.local.runtime import Runtime


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    with engine(Path(tmp_path_factory.mktemp("data")), clock=SkippingClock()) as started:
        yield started


@given(flow=flows())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_a_random_flow_runs_as_the_reference_says(runtime: Runtime, flow: Mapping[str, Any]) -> None:
    note(json.dumps(flow))
    expected = expect(flow)
    ran = run(runtime, json.dumps(flow))
    seen = seen_runs(ran)
    assert ran.state == expected.state
    assert [key for key in seen if key not in expected.runs] == [], "runs that should not be"
    assert [key for key in expected.runs if key not in expected.optional | seen.keys()] == [], "runs that are missing"
    assert {key: state for key, state in seen.items() if state not in expected.runs[key]} == {}
    check_attempts(ran)


def seen_runs(ran: Ran) -> dict[Key, str]:
    """States by task and values."""
    by_id = {task_run.id: task_run for task_run in ran.task_runs}
    keys = [(task_run.task_id, values_of(task_run, by_id)) for task_run in ran.task_runs]
    assert len(set(keys)) == len(keys)
    return {key: task_run.state.current.value for key, task_run in zip(keys, ran.task_runs, strict=True)}


def values_of(task_run: TaskRun, by_id: Mapping[str, TaskRun]) -> tuple[str, ...]:
    """The values of the loops around a run, its own last."""
    above = by_id[task_run.parent_task_run_id] if task_run.parent_task_run_id else None
    outer = values_of(above, by_id) if above else ()
    return outer if task_run.value is None else (*outer, task_run.value)


def check_attempts(ran: Ran) -> None:
    """A run that worked has attempts that ended, the last as it did; a failed one with a retry had two."""
    for task_run in ran.task_runs:
        attempts = task_run.attempts or ()
        if task_run.state.is_terminal:
            assert all(attempt.state.is_terminal for attempt in attempts)
        assert len(attempts) <= 2
