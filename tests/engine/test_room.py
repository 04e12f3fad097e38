"""`concurrent` and `concurrencyLimit`: what takes a place, and who comes next."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from engine.probe import probe
from engine.running import Ran, end_of, engine, look, run, start
from engine.sources import dag, each, each_parallel, flow, log, par, ret, seq
from thermik.executions.pausing import resume
from thermik.local.runtime import Runtime
from thermik.tasks.runnable import RunContext
from thermik.worker.gates import openable

PATIENCE = 30.0


def pause(task_id: str, **properties: Any) -> dict[str, Any]:
    return {"id": task_id, "type": "io.kestra.plugin.core.flow.Pause", **properties}


def in_dag(*tasks: Mapping[str, Any], concurrent: int) -> Mapping[str, Any]:
    return dag("all", *((task, []) for task in tasks), concurrent=concurrent)


def in_parallel(*tasks: Mapping[str, Any], concurrent: int) -> Mapping[str, Any]:
    return par("all", *tasks, concurrent=concurrent)


def until(runtime: Runtime, execution_id: str, *tasks: str) -> Ran:
    """Wait until these have ended, or are paused."""
    deadline = time.monotonic() + PATIENCE
    while not set(tasks) <= _settled(ran := look(runtime, execution_id)):
        assert time.monotonic() < deadline, ran.states()
        time.sleep(0.005)
    return ran


def _settled(ran: Ran) -> set[str]:
    return {each.task_id for each in ran.task_runs if each.state.is_terminal or each.progress.token is not None}


@pytest.mark.parametrize("of", [in_dag, in_parallel])
def test_a_paused_task_gives_its_place_to_others(tmp_path: Path, of: Any) -> None:
    source = flow(of(pause("p", tasks=[log("in")]), ret("a"), seq("s", ret("b")), concurrent=1))
    with engine(tmp_path) as runtime:
        execution = start(runtime, source)
        ran = until(runtime, execution.id, "p", "a", "s")
        assert ran.states() == {"all": "RUNNING", "p": "PAUSED", "a": "SUCCESS", "s": "SUCCESS", "b": "SUCCESS"}
        resume(runtime.life, execution.id)
        assert end_of(runtime, execution.id).states() == dict.fromkeys(["all", "p", "a", "s", "b", "in"], "SUCCESS")


def test_a_paused_turn_of_a_for_each_keeps_its_place(tmp_path: Path) -> None:
    source = flow(each("all", ["x", "y"], pause("p"), ret("a"), concurrencyLimit=1))
    with engine(tmp_path) as runtime:
        execution = start(runtime, source)
        until(runtime, execution.id, "p")
        time.sleep(0.05)
        assert look(runtime, execution.id).states() == {"all": "RUNNING", "p[x]": "PAUSED"}


@pytest.mark.parametrize(("limit", "values"), [(1, 3), (2, 3), (3, 2)])
def test_an_each_parallel_counts_its_task_runs(tmp_path: Path, limit: int, values: int) -> None:
    working, most, order = 0, 0, []
    lock = threading.Lock()

    def work(context: RunContext) -> None:
        nonlocal working, most
        with lock:
            working += 1
            most = max(most, working)
            order.append((context.value, context.task_id))
        threading.Event().wait(0.01)
        with lock:
            working -= 1

    texts = [f"v{number}" for number in range(values)]
    with engine(tmp_path) as runtime:
        ran = run(runtime, flow(each_parallel("all", texts, probe("a", work), probe("b", work), concurrent=limit)))
    assert ran.state == "SUCCESS"
    assert most <= limit
    flat = [(value, task) for value in texts for task in ("a", "b")]
    assert sorted(order) == sorted(flat)
    if limit == 1:
        assert order == flat
        assert {run.iteration for run in ran.task_runs if run.task_id == "a"} == {0, 1, 2}


def test_who_may_begin() -> None:
    order = ["a", "b", "c", "d"]
    assert openable(order, {}, [], [], 2) == ["a", "b"]
    assert openable(order, {}, ["a", "b"], ["a"], 2) == ["c"]
    assert openable(order, {}, ["a", "b"], [], 2, resting=["b"]) == ["c"]
    assert openable(order, {}, ["a", "b", "c"], [], 2) == [], "a task that was resumed takes a place beyond the limit"
    assert openable(order, {"c": ["b"], "d": ["gone"]}, ["a", "b"], ["a"], 0) == ["d"]
