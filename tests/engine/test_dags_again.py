"""Flows with a Dag whose machine starts again: a restart, a replay, a resume; and what a revived execution keeps."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from engine.running import Around, Handle, Ran, end_of, engine, look, run, start, until_state
from engine.sources import constant, dag, fail, flow, log, par, ret, seq
from thermik.executions.changes import delete
from thermik.executions.marking import change_task_run_state
from thermik.executions.pausing import pause, resume
from thermik.executions.replay import replay
from thermik.executions.revival import restart
from thermik.executions.state import StateType
from thermik.local.interpreter import SkippingClock
from thermik.storage import schema


def _is_quiet(ran: Ran) -> bool:
    """Whether nothing of the execution moves any more: `c` has ended, `p` waits with a token."""
    ended = {run.task_id for run in ran.task_runs if run.state.is_terminal}
    return "c" in ended and ran.run("p").progress.token is not None


@pytest.mark.parametrize("concurrent", [0, 1, 2])
def test_a_failed_dag_is_restarted(tmp_path: Path, concurrent: int) -> None:
    source = flow(dag("dag", (ret("a"), []), (fail("b"), ["a"]), (ret("c"), ["b"]), concurrent=concurrent))
    with engine(tmp_path) as runtime:
        first = run(runtime, source)
        assert first.state == "FAILED"
        restart(runtime.life, first.execution.id)
        again = end_of(runtime, first.execution.id)
    assert again.state == "FAILED"
    assert len(again.run("b").attempts or ()) == 2
    assert len(again.run("a").attempts or ()) == 1


@pytest.mark.parametrize("task", ["a", "b", "c", "z"])
def test_a_dag_is_replayed_from_any_of_its_tasks(tmp_path: Path, task: str) -> None:
    source = flow(dag("dag", (ret("a"), []), (ret("b"), ["a"]), (ret("c"), ["a", "b"])), ret("z"))
    with engine(tmp_path) as runtime:
        first = run(runtime, source)
        new = replay(runtime.life, first.execution.id, from_task_run=first.run(task).id)
        ran = end_of(runtime, new.id)
    assert ran.state == "SUCCESS"
    assert set(ran.states()) == {"dag", "a", "b", "c", "z"}


def test_a_dag_goes_on_after_a_pause_by_hand(tmp_path: Path) -> None:
    nap = {"id": "b", "type": "io.kestra.plugin.core.flow.Sleep", "duration": "PT1S"}
    source = flow(dag("dag", (ret("a"), []), (nap, ["a"]), (ret("c"), ["b"])))
    with engine(tmp_path) as runtime:
        execution = start(runtime, source)
        until_state(runtime, execution.id, "RUNNING")
        pause(runtime.life, execution.id)
        resume(runtime.life, execution.id)
        ran = end_of(runtime, execution.id)
    assert ran.states() == {"dag": "SUCCESS", "a": "SUCCESS", "b": "SUCCESS", "c": "SUCCESS"}


def test_finally_and_after_execution_come_again_with_a_restart(tmp_path: Path) -> None:
    source = flow(ret("a"), fail("b"), **{"finally": [log("f")], "afterExecution": [log("g")]})
    with engine(tmp_path) as runtime:
        first = run(runtime, source)
        restart(runtime.life, first.execution.id)
        again = end_of(runtime, first.execution.id)
    assert sum(message["taskId"] == "f" for message in again.logs if message.get("taskId")) == 2
    assert sum(message["taskId"] == "g" for message in again.logs if message.get("taskId")) == 2


def test_a_replay_runs_finally_in_the_new_execution(tmp_path: Path) -> None:
    source = flow(ret("a"), ret("b"), **{"finally": [log("f")]})
    with engine(tmp_path) as runtime:
        first = run(runtime, source)
        new = replay(runtime.life, first.execution.id, from_task_run=first.run("b").id)
        ran = end_of(runtime, new.id)
        logged = [entry for entry in ran.logs if entry.get("taskId") == "f"]
    assert len(logged) == 1


def test_after_execution_knows_how_it_ended(tmp_path: Path) -> None:
    source = flow(fail("a"), afterExecution=[log("g", message="it is {{ execution.state }}")])
    with engine(tmp_path) as runtime:
        ran = run(runtime, source)
    assert ran.logged("g") == ["it is FAILED"]


def test_a_run_changed_beside_a_pause_leaves_it_paused(tmp_path: Path) -> None:
    waits = {"id": "p", "type": "io.kestra.plugin.core.flow.Pause"}
    both = {"id": "both", "type": "io.kestra.plugin.core.flow.Parallel", "tasks": [waits, ret("c")]}
    with engine(tmp_path) as runtime:
        execution = start(runtime, flow(both))
        until_state(runtime, execution.id, "PAUSED")
        while not _is_quiet(now := look(runtime, execution.id)):
            time.sleep(0.01)
        changed = now.run("c")
        change_task_run_state(runtime.life, execution.id, changed.id, StateType.WARNING)
        assert look(runtime, execution.id).state == "PAUSED"
        resume(runtime.life, execution.id)
        ran = end_of(runtime, execution.id)
    assert ran.state == "WARNING"


def test_who_comes_to_wait_when_what_it_needs_has_failed_is_not_let_in(tmp_path: Path) -> None:
    """As after a crash, or when its call is delivered late."""
    has_failed, waits = threading.Event(), threading.Event()

    def late(handle: Handle) -> Handle:
        def deliver(payload: Mapping[str, Any]) -> dict[str, Any]:
            if payload.get("op") == "await":
                assert has_failed.wait(10)
                answer = handle(payload)
                waits.set()
                return answer
            if payload["t"] != "a" or has_failed.is_set():
                return handle(payload)
            try:
                return handle(payload)
            finally:  # its branch is told when the other one has come to wait
                has_failed.set()
                assert waits.wait(10)

        return deliver

    with engine(tmp_path, around=Around(handle=late)) as runtime:
        ran = run(runtime, flow(dag("dag", (fail("a"), []), (log("b"), ["a"]))))
    assert ran.states() == {"dag": "FAILED", "a": "FAILED"}


def test_a_replay_takes_up_what_a_failure_beside_it_had_ended(tmp_path: Path) -> None:
    """A KILLED sibling that was copied as it is would make the parent KILLED."""
    waits = {"id": "wait", "type": "io.kestra.plugin.core.flow.Pause"}
    with engine(tmp_path, clock=SkippingClock()) as runtime:
        failing = fail("bad", retry=constant("PT1M", maxAttempts=2))
        first = run(runtime, flow(par("both", failing, seq("waiting", waits))))
        assert first.states() == {"both": "FAILED", "bad": "FAILED", "waiting": "KILLED", "wait": "KILLED"}
        again = replay(runtime.life, first.id, from_task_run=first.run("bad").id)
        assert end_of(runtime, again.id).states()["both"] == "FAILED"


def test_nothing_of_a_deleted_execution_is_left(tmp_path: Path) -> None:
    with engine(tmp_path) as runtime:
        ran = run(runtime, flow(dag("dag", (log("a"), []), (log("b"), ["a"]))))
        partition = schema.execution_partition(ran.id)
        assert runtime.table.query(partition, prefix=schema.GATES).records
        delete(runtime.life, runtime.blobs, ran.id)
        assert not runtime.table.query(partition).records
