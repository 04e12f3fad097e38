"""Random flows a second time: restarted, begun anew at any of their task runs, and on moto, they come to the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from engine.random_flows import flows
from engine.reference import Expected, Key, expect
from engine.running import Ran, end_of, engine, run
from engine.test_any_flow import seen_runs, values_of
from machines.test_agreement import on_moto
from thermik.executions.replay import replay
from thermik.executions.revival import restart
from thermik.executions.state import TERMINAL
from thermik.local.interpreter import SkippingClock
from thermik.local.runtime import Runtime

QUICKLY = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
ON_MOTO = settings(QUICKLY, max_examples=5, phases=[Phase.explicit, Phase.reuse, Phase.generate])
"""moto takes seconds for a flow, and waits in real time."""


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    with engine(Path(tmp_path_factory.mktemp("data")), clock=SkippingClock()) as started:
        yield started


def begun_again(ran: Ran) -> frozenset[Key]:
    """The runs that had ended before, and went on."""
    by_id = {each.id: each for each in ran.task_runs}
    again = [each for each in ran.task_runs if any(entry.state in TERMINAL for entry in each.state.histories[:-1])]
    return frozenset((each.task_id, values_of(each, by_id)) for each in again)


def check(ran: Ran, expected: Expected) -> None:
    """The runs and states are those that the reference model names."""
    seen = seen_runs(ran)
    assert ran.state == expected.state
    assert [key for key in seen if key not in expected.runs] == [], "runs that should not be"
    assert [key for key in expected.runs if key not in expected.optional | seen.keys()] == [], "runs that are missing"
    assert {key: state for key, state in seen.items() if state not in expected.runs[key]} == {}


@given(flow=flows())
@QUICKLY
def test_a_failed_flow_that_is_restarted_comes_to_the_same(runtime: Runtime, flow: Mapping[str, Any]) -> None:
    note(json.dumps(flow))
    first = run(runtime, json.dumps(flow))
    if first.state == "FAILED":
        restart(runtime.life, first.id)
        ran = end_of(runtime, first.id)
        check(ran, expect(flow, begun_again(ran)))


@given(flow=flows(), which=st.integers(0, 999))
@QUICKLY
def test_a_flow_that_begins_anew_at_any_task_run_comes_to_the_same(
    runtime: Runtime, flow: Mapping[str, Any], which: int
) -> None:
    note(json.dumps(flow))
    first = run(runtime, json.dumps(flow))
    after = expect(flow).after
    chosen = [each for each in first.task_runs if (each.task_id, ()) not in after]
    if chosen:
        begin = chosen[which % len(chosen)]
        new = replay(runtime.life, first.id, from_task_run=begin.id)
        ran = end_of(runtime, new.id)
        check(ran, expect(flow, begun_again(ran)))


@given(flow=flows(depth=2))
@ON_MOTO
def test_moto_runs_a_random_flow_as_the_reference_says(
    tmp_path_factory: pytest.TempPathFactory, flow: Mapping[str, Any]
) -> None:
    note(json.dumps(flow))
    _, ran = on_moto(Path(tmp_path_factory.mktemp("moto")), json.dumps(flow))
    check(ran, expect(flow))
