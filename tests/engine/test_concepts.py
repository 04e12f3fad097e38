"""Kestra's page about task runs, to the letter: its flows, and the JSON of a task run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import concept_flows, sources
from engine.running import end_of, engine, history_of, look, run, start, until_state
from thermik.executions.kill import kill
from thermik.executions.model import TaskRun, wire
from thermik.executions.revival import restart
from thermik.local.interpreter import SkippingClock
from thermik.local.runtime import Runtime

INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
ID = r"[0-9A-Za-z]{22}"


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    with engine(Path(tmp_path_factory.mktemp("data"))) as started:
        yield started


def test_a_task_run_shows_its_id_start_and_finished_attempts(runtime: Runtime) -> None:
    ran = run(runtime, concept_flows.TASKRUN)
    shown = json.loads((ran.run("return").outputs or {})["value"])
    assert list(shown) == ["id", "startDate", "attemptsCount"]
    assert shown["id"] == ran.run("return").id
    assert re.fullmatch(ID, shown["id"])
    assert re.fullmatch(INSTANT, shown["startDate"])
    assert shown["attemptsCount"] == 0


def test_a_loop_has_a_task_run_for_each_value(runtime: Runtime) -> None:
    ran = run(runtime, concept_flows.LOOP)
    loop = ran.run("foreach")
    assert ran.states() == {"foreach": "SUCCESS", "log[1]": "SUCCESS", "log[2]": "SUCCESS"}
    for turn, value in enumerate(["1", "2"]):
        task_run = ran.run("log", value)
        shown, *rest = [entry["message"] for entry in ran.logs if entry["taskRunId"] == task_run.id]
        started = wire(task_run)["state"]["startDate"]
        assert rest == [value, task_run.id, started, "0", loop.id, str(turn)]
        assert json.loads(shown) == {
            "id": task_run.id,
            "startDate": started,
            "attemptsCount": 0,
            "parentId": loop.id,
            "value": value,
            "iteration": turn,
        }


def test_a_task_in_an_if_in_a_loop_finds_the_value_through_parent(runtime: Runtime) -> None:
    ran = run(runtime, concept_flows.PARENT)
    assert ran.logged("log") == ["1", "2"]
    assert ran.logged("log_parent") == ["1", "2"]
    assert [run.task_id for run in ran.task_runs] == ["foreach", "log", "if", "log_parent", "log", "if", "log_parent"]


def test_a_task_four_flowables_deep_finds_each_value_through_parents(runtime: Runtime) -> None:
    ran = run(runtime, concept_flows.EACH_SWITCH)
    assert ran.state == "SUCCESS"
    assert ran.logged("switch_1") == ["case1", "caseB"]
    assert ran.logged("switch_2") == ["case2", "caseB"]
    assert ran.logged("simple")[0] == "simple"
    assert [run.task_id for run in ran.task_runs] == [
        "simple",
        "hierarchy_1",
        "hierarchy_2",
        "hierarchy_2_a",
        "hierarchy_2",
        "hierarchy_2_b_first",
        "hierarchy_2_b_second",
        "switch",
        "switch_1",
        "switch",
        "switch_2",
        "simple_again",
    ]


def test_the_json_of_a_task_run_is_the_pages(runtime: Runtime) -> None:
    ran = run(runtime, concept_flows.EACH_SEQUENTIAL_NESTED)
    shown = wire(ran.run("1-1_return", "s1"))
    assert _shape(shown) == {
        "id": ID,
        "executionId": ID,
        "namespace": "io.kestra.tests",
        "flowId": "each-sequential-nested",
        "taskId": "1-1_return",
        "parentTaskRunId": ID,
        "value": "s1",
        "iteration": 0,  # since Kestra 0.22
        "attempts": [
            {
                "metrics": [
                    {"name": "length", "tags": {"format": FORMAT}, "value": 45.0, "type": "counter"},
                    {"name": "duration", "tags": {"format": FORMAT}, "type": "timer", "value": "DURATION"},
                ],
                "state": STATE,
            }
        ],
        "outputs": {"value": f"1-1_return > s1 ⬅ {shown['state']['startDate']}"},
        "state": STATE,
    }
    assert shown["parentTaskRunId"] == ran.run("1_each").id
    assert shown["executionId"] == ran.id


FORMAT = "{{task.id}} > {{taskrun.value}} ⬅ {{taskrun.startDate}}"
STATE = {
    "current": "SUCCESS",
    "histories": [{"state": state, "date": INSTANT} for state in ("CREATED", "RUNNING", "SUCCESS")],
    "duration": "DURATION",
    "endDate": INSTANT,
    "startDate": INSTANT,
}


def _shape(shown: Any) -> Any:
    """What is shown, with ids, instants and durations replaced by their patterns."""
    match shown:
        case dict():
            return {name: _shape(value) for name, value in shown.items()}
        case list():
            return [_shape(each) for each in shown]
        case str() if re.fullmatch(INSTANT, shown):
            return INSTANT
        case str() if re.fullmatch(ID, shown):
            return ID
        case str() if re.fullmatch(r"PT\d+(\.\d{1,9})?S", shown):
            return "DURATION"
        case _:
            return shown


def test_states_are_dated_in_order(runtime: Runtime) -> None:
    ran = run(runtime, concept_flows.EACH_SWITCH)
    for task_run in ran.task_runs:
        assert history_of(task_run) == ["CREATED", "RUNNING", "SUCCESS"]
        assert _dates(task_run) == sorted(_dates(task_run))
        assert task_run.state.end_date == _dates(task_run)[-1]
    assert ran.history == ["CREATED", "RUNNING", "SUCCESS"]


def _dates(task_run: TaskRun) -> list[Any]:
    return [entry.date for entry in task_run.state.histories]


def test_every_state_of_the_pages_is_met(tmp_path: Path) -> None:
    """Of executions and of task runs, each in the flow that leads there."""
    pause = {"id": "a", "type": "io.kestra.plugin.core.flow.Pause", "pauseDuration": "PT1H"}
    retry = sources.constant("PT1S", maxAttempts=2)
    anew = {**retry, "behavior": "CREATE_NEW_EXECUTION"}
    with engine(tmp_path, clock=SkippingClock()) as runtime:
        paused = run(runtime, sources.flow(pause, id="paused"))
        warned = run(runtime, sources.flow(sources.fail("a", allowFailure=True), id="warned"))
        failed = run(runtime, sources.flow(sources.fail("a", retry=retry), id="failed"))
        restart(runtime.life, failed.id)
        restarted = end_of(runtime, failed.id)
        retried = run(runtime, sources.flow(sources.fail("a"), id="retried", retry=anew))
        killed = start(runtime, sources.flow(sources.sleep("a", "PT1M"), id="killed"))
        until_state(runtime, killed.id, "RUNNING")
        kill(runtime.life, killed.id)
        ended = look(runtime, killed.id)
    assert paused.history == ["CREATED", "RUNNING", "PAUSED", "RESTARTED", "RUNNING", "SUCCESS"]
    assert history_of(paused.run("a")) == ["CREATED", "RUNNING", "PAUSED", "RUNNING", "SUCCESS"]
    assert (warned.state, warned.states()) == ("WARNING", {"a": "WARNING"})
    assert failed.history == ["CREATED", "RUNNING", "RETRYING", "RUNNING", "FAILED"]
    assert "RETRYING" in history_of(failed.run("a"))
    assert restarted.history[len(failed.history) :] == ["RESTARTED", "RUNNING", "FAILED"]
    assert "RESTARTED" in history_of(restarted.run("a"))
    assert retried.state == "RETRIED"
    assert (ended.history[-2:], ended.states()) == (["KILLING", "KILLED"], {"a": "KILLED"})
