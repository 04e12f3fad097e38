"""What engine states pass, rule by rule: histories of executions and task runs where nothing else pins them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from engine.probe import Gate, probe
from engine.running import Around, Handle, end_of, engine, history_of, look, run, save, start, until_state
from engine.sources import constant, fail, flow, log, par, ret, seq
from thermik.executions.kill import kill
from thermik.executions.lifecycle import NewExecution, create
from thermik.executions.pausing import pause, resume
from thermik.executions.revival import restart
from thermik.executions.state import StateType
from thermik.local.runtime import Runtime

CORE = "io.kestra.plugin.core"


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    with engine(Path(tmp_path_factory.mktemp("data"))) as started:
        yield started


def wait(task_id: str, **more: Any) -> dict[str, Any]:
    return {"id": task_id, "type": f"{CORE}.flow.Pause", **more}


def call(**more: Any) -> dict[str, Any]:
    place = {"namespace": "company.team", "flowId": "called", "wait": True, "transmitFailed": True}
    return {"id": "call", "type": f"{CORE}.flow.Subflow", **place, **more}


def test_attempts_and_the_task_run_of_a_retry_pass_these_states(runtime: Runtime) -> None:
    retried = fail("a", condition="{{ taskrun.attemptsCount < 1 }}", retry=constant("PT0.1S", maxAttempts=3))
    ran = run(runtime, flow(seq("group", retried)))
    task_run = ran.run("a")
    attempts = [[entry.state.value for entry in attempt.state.histories] for attempt in task_run.attempts or ()]
    assert attempts == [["CREATED", "RUNNING", "FAILED"], ["CREATED", "RUNNING", "SUCCESS"]]
    again = ["CREATED", "RUNNING", "SUCCESS"]
    assert history_of(task_run) == ["CREATED", "RUNNING", "FAILED", "RETRYING", *again]
    assert (history_of(ran.run("group")), ran.run("group").attempts) == (again, None)


def test_a_pause_by_hand_goes_on_without_a_restart(runtime: Runtime) -> None:
    execution = start(runtime, flow(probe("work", gate := Gate()), ret("after")))
    gate.await_begun()
    pause(runtime.life, execution.id)
    gate.open.set()
    end_of(runtime, execution.id)
    resume(runtime.life, execution.id)
    assert end_of(runtime, execution.id).history == ["CREATED", "RUNNING", "PAUSED", "RUNNING", "SUCCESS"]


def test_a_resumed_pause_passes_these_states(runtime: Runtime) -> None:
    execution = start(runtime, flow(wait("wait"), ret("after")))
    until_state(runtime, execution.id, "PAUSED")
    resume(runtime.life, execution.id)
    ran = end_of(runtime, execution.id)
    assert ran.history == ["CREATED", "RUNNING", "PAUSED", "RESTARTED", "RUNNING", "SUCCESS"]
    assert history_of(ran.run("wait")) == ["CREATED", "RUNNING", "PAUSED", "RUNNING", "SUCCESS"]


def test_a_wait_that_comes_between_the_two_writes_of_a_resume_lets_the_execution_run(tmp_path: Path) -> None:
    def around(handle: Handle) -> Handle:
        def handled(payload: Mapping[str, Any]) -> dict[str, Any]:
            if payload.get("op") == "wait":
                [pausing] = runtime.life.executions.all_task_runs(payload["c"]["x"])
                now = runtime.clock.now()
                done = pausing.value.with_state(StateType.RUNNING, now).with_state(StateType.SUCCESS, now)
                runtime.life.executions.write(pausing.then(done))
            return handle(payload)

        return handled

    with engine(tmp_path, around=Around(handle=around)) as runtime:
        ran = run(runtime, flow(wait("wait"), ret("after")))
    assert ran.history == ["CREATED", "RUNNING", "PAUSED", "RESTARTED", "RUNNING", "SUCCESS"]


def test_a_pause_that_was_restarted_does_not_pause_again(runtime: Runtime) -> None:
    execution = start(runtime, flow(wait("wait"), ret("after")))
    until_state(runtime, execution.id, "PAUSED")
    restart(runtime.life, execution.id)
    ran = end_of(runtime, execution.id)
    assert (ran.state, ran.history.count("PAUSED"), history_of(ran.run("wait")).count("PAUSED")) == ("SUCCESS", 1, 1)


def test_while_another_task_still_pauses_it_stays_paused(runtime: Runtime) -> None:
    execution = start(runtime, flow(par("both", wait("one"), wait("other"))))
    while (seen := look(runtime, execution.id)).state != "PAUSED" or [*seen.states().values()].count("PAUSED") < 2:
        pass
    resume(runtime.life, execution.id)
    assert look(runtime, execution.id).state == "PAUSED"
    resume(runtime.life, execution.id)
    assert end_of(runtime, execution.id).state == "SUCCESS"


def test_a_killed_pause_runs_nothing_below_it_and_nothing_behind(runtime: Runtime) -> None:
    execution = start(runtime, flow(wait("wait", tasks=[log("below")]), log("after"), errors=[log("handler")]))
    until_state(runtime, execution.id, "PAUSED")
    kill(runtime.life, execution.id)
    ran = end_of(runtime, execution.id)
    assert (ran.history[-2:], ran.states()) == (["KILLING", "KILLED"], {"wait": "KILLED"})


@pytest.mark.parametrize(
    ("ending", "state"),
    [
        ([ret("a")], "SUCCESS"),
        ([fail("a")], "FAILED"),
        ([fail("a", allowFailure=True)], "WARNING"),
        ([{"id": "a", "type": f"{CORE}.execution.Exit", "state": "KILLED"}], "KILLED"),
    ],
)
def test_a_call_takes_over_how_the_other_execution_ended(runtime: Runtime, ending: list[Any], state: str) -> None:
    save(runtime, flow(*ending, id="called"))
    ran = run(runtime, flow(call()))
    assert (ran.state, ran.states(), ran.attempts("call")) == (state, {"call": state}, [state])


def test_what_is_paused_takes_a_place_and_goes_on_without_asking_for_one(runtime: Runtime) -> None:
    names = save(runtime, flow(wait("wait"), id="limited", concurrency={"limit": 1}))
    first, second = (create(runtime.life, NewExecution(*names)) for _ in range(2))
    until_state(runtime, first.id, "PAUSED")
    assert until_state(runtime, second.id, "QUEUED").history == ["CREATED", "QUEUED"]
    resume(runtime.life, first.id)
    until_state(runtime, second.id, "PAUSED")
    resume(runtime.life, second.id)
    again = ["RUNNING", "PAUSED", "RESTARTED", "RUNNING", "SUCCESS"]
    assert end_of(runtime, first.id).history == ["CREATED", *again]
    assert end_of(runtime, second.id).history == ["CREATED", "QUEUED", *again]
