"""What the end of a Pause's time means: how its task run, what is around it, and the execution end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from engine.probe import Flaky, Gate, probe
from engine.running import WAIT_SECONDS, Ran, end_of, engine, history_of, look, run, start, until_state
from engine.sources import each, fail, flow, log, par, ret, seq
from thermik.clock import instant_text
from thermik.executions.kill import kill
from thermik.executions.pausing import resume
from thermik.executions.refusals import WrongState
from thermik.executions.revival import restart
from thermik.flows.validation import validate_source
from thermik.local.interpreter import SkippingClock
from thermik.local.runtime import Runtime
from thermik.machines.client import MachinesUnavailable
from thermik.tasks.registry import Registry

PAUSE = {"id": "wait", "type": "io.kestra.plugin.core.flow.Pause"}


def ran(tmp_path: Path, *tasks: dict[str, Any], **properties: Any) -> Ran:
    with engine(tmp_path, clock=SkippingClock()) as runtime:
        return run(runtime, flow(*tasks, **properties))


@pytest.mark.parametrize(
    ("behavior", "ends", "state"),
    [
        ("RESUME", ["RUNNING", "SUCCESS"], "SUCCESS"),
        ("WARN", ["WARNING"], "WARNING"),
        ("FAIL", ["FAILED"], "FAILED"),
        ("CANCEL", ["CANCELLED"], "CANCELLED"),
    ],
)
def test_a_behavior_may_be_an_expression(tmp_path: Path, behavior: str, ends: list[str], state: str) -> None:
    pause = {**PAUSE, "pauseDuration": "PT1M", "behavior": "{{ vars.then }}"}
    done = ran(tmp_path, pause, log("next"), variables={"then": behavior})
    waited = done.run("wait")
    assert history_of(waited) == ["CREATED", "RUNNING", "PAUSED", *ends]
    resumed = {"on": instant_text(waited.state.histories[3].date), "to": state}
    assert (done.state, waited.outputs) == (state, {"resumed": resumed})
    assert ("next" in done.states()) == (state in ("SUCCESS", "WARNING"))


def test_a_behavior_that_renders_to_something_else_fails_the_task(tmp_path: Path) -> None:
    done = ran(tmp_path, {**PAUSE, "pauseDuration": "PT1M", "behavior": "{{ 'NAP' }}"})
    assert (done.state, done.states()) == ("FAILED", {"wait": "FAILED"})
    assert any("behavior rendered to 'NAP'" in message for message in done.logged("wait", "ERROR"))


def test_a_pause_that_is_cancelled_ends_what_is_around_it_and_what_waits_beside_it(tmp_path: Path) -> None:
    pause = {**PAUSE, "pauseDuration": "PT1M", "behavior": "CANCEL"}
    beside = {**PAUSE, "id": "beside"}
    done = ran(tmp_path, seq("around", par("both", pause, beside), log("never")), errors=[log("handler")])
    assert done.state == "CANCELLED"
    assert done.states() == {"around": "CANCELLED", "both": "CANCELLED", "wait": "CANCELLED", "beside": "KILLED"}


def test_a_pause_whose_time_is_out_is_allowed_to_fail_without_going_on_first(tmp_path: Path) -> None:
    done = ran(tmp_path, {**PAUSE, "timeout": "PT1M", "allowFailure": True}, log("next"))
    assert history_of(done.run("wait")) == ["CREATED", "RUNNING", "PAUSED", "WARNING"]
    assert (done.state, done.states()["next"]) == ("WARNING", "SUCCESS")


def test_a_pause_whose_time_is_out_has_its_own_handlers(tmp_path: Path) -> None:
    pause = {**PAUSE, "timeout": "PT1M", "errors": [log("handler")], "finally": [log("close")]}
    done = ran(tmp_path, pause, log("never"))
    assert done.states() == {"wait": "FAILED", "handler": "SUCCESS", "close": "SUCCESS"}
    assert done.state == "FAILED"


def test_what_closes_a_pause_beside_others_runs_though_the_pause_is_over(tmp_path: Path) -> None:
    """Its run ends when it is resumed, before its `finally`: that must not look as if its parent had been cut short."""
    closing = {"finally": [seq("closing", log("close"))]}
    done = ran(tmp_path, par("both", {**PAUSE, "pauseDuration": "PT1M", **closing}, log("beside")), log("next"))
    assert done.state == "SUCCESS"
    assert {"closing": "SUCCESS", "close": "SUCCESS", "next": "SUCCESS"}.items() <= done.states().items()


# ---- onPause


def meanwhile(task: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {**PAUSE, "pauseDuration": "PT1M", "onPause": task, **properties}


def test_a_task_runs_when_it_is_paused(tmp_path: Path) -> None:
    done = ran(tmp_path, meanwhile(log("hello")), log("next"))
    assert list(done.states().items()) == [("wait", "SUCCESS"), ("hello", "SUCCESS"), ("next", "SUCCESS")]
    waited, hello = done.run("wait"), done.run("hello")
    assert history_of(waited) == ["CREATED", "RUNNING", "PAUSED", "RUNNING", "SUCCESS"]
    assert hello.parent_task_run_id == waited.id
    paused, resumed = waited.state.histories[2].date, waited.state.histories[3].date
    assert paused <= hello.state.histories[-1].date < resumed
    assert (resumed - paused).total_seconds() == pytest.approx(60, abs=1)
    assert done.history == ["CREATED", "RUNNING", "PAUSED", "RESTARTED", "RUNNING", "SUCCESS"]


def test_its_outputs_can_be_read_afterwards(tmp_path: Path) -> None:
    tasks = [ret("inner", "{{ outputs.hello.value }}")]
    done = ran(tmp_path, meanwhile(ret("hello", "x"), tasks=tasks), ret("next", "{{ outputs.hello.value }}"))
    assert [(done.run(each).outputs or {})["value"] for each in ("inner", "next")] == ["x", "x"]


def test_what_fails_meanwhile_fails_the_pause_when_it_is_over(tmp_path: Path) -> None:
    pause = meanwhile(fail("no"), tasks=[log("inner")], errors=[log("handler")])
    done = ran(tmp_path, pause, log("next"))
    assert done.states() == {"wait": "FAILED", "no": "FAILED", "handler": "SUCCESS"}
    assert (done.state, history_of(done.run("wait"))[2]) == ("FAILED", "PAUSED")


@pytest.mark.parametrize(
    ("task", "properties", "state"),
    [
        (fail("no", allowFailure=True), {}, "WARNING"),
        (fail("no"), {"allowFailure": True}, "WARNING"),
        (log("hello"), {"behavior": "WARN"}, "WARNING"),
        (log("hello"), {"behavior": "FAIL"}, "FAILED"),
        (log("hello", disabled=True), {}, "SUCCESS"),
        (log("hello", runIf="{{ false }}"), {}, "SUCCESS"),
        (seq("hello", log("a"), log("b")), {}, "SUCCESS"),
    ],
)
def test_what_the_pause_comes_to(tmp_path: Path, task: dict[str, Any], properties: Any, state: str) -> None:
    done = ran(tmp_path, meanwhile(task, **properties), log("next"))
    assert (done.state, done.states()["wait"]) == (state, state)
    assert ("next" in done.states()) == (state != "FAILED")


def test_a_pause_that_is_skipped_runs_nothing(tmp_path: Path) -> None:
    done = ran(tmp_path, meanwhile(log("hello"), runIf="{{ false }}"), log("next"))
    assert done.states() == {"wait": "SKIPPED", "next": "SUCCESS"}


def test_in_a_loop_each_turn_has_its_own(tmp_path: Path) -> None:
    done = ran(tmp_path, each("loop", ["a", "b"], meanwhile(ret("hello", "{{ parent.taskrun.value }}"))))
    assert done.state == "SUCCESS", done.messages
    values = [(each.outputs or {})["value"] for each in done.task_runs if each.task_id == "hello"]
    assert values == ["a", "b"]


def test_resumed_while_the_task_runs_it_waits_for_the_task(tmp_path: Path) -> None:
    gate = Gate()
    pause = {**PAUSE, "onPause": probe("work", gate)}
    with engine(tmp_path) as runtime:
        execution = start(runtime, flow(pause, log("next")))
        gate.await_begun()
        assert look(runtime, execution.id).state == "PAUSED"
        resume(runtime.life, execution.id)
        assert look(runtime, execution.id).states() == {"wait": "RUNNING", "work": "RUNNING"}
        gate.open.set()
        done = end_of(runtime, execution.id)
    assert done.states() == {"wait": "SUCCESS", "work": "SUCCESS", "next": "SUCCESS"}


def test_a_restart_runs_again_what_failed_meanwhile(tmp_path: Path) -> None:
    flaky = Flaky(failures=1)
    with engine(tmp_path, clock=SkippingClock()) as runtime:
        failed = run(runtime, flow(meanwhile(probe("work", flaky)), log("next")))
        assert failed.states() == {"wait": "FAILED", "work": "FAILED"}
        restart(runtime.life, failed.id)
        done = end_of(runtime, failed.id)
    assert (done.state, done.states()) == ("SUCCESS", {"wait": "SUCCESS", "work": "SUCCESS", "next": "SUCCESS"})
    assert history_of(done.run("wait")).count("PAUSED") == 1


def test_a_kill_interrupts_the_task_and_ends_the_pause(tmp_path: Path) -> None:
    gate = Gate()
    with engine(tmp_path) as runtime:
        execution = start(runtime, flow({**PAUSE, "onPause": probe("work", gate)}, log("next")))
        gate.await_begun()
        kill(runtime.life, execution.id)
        assert gate.open.wait(5)
        assert until_state(runtime, execution.id, "KILLED").states() == {"wait": "KILLED", "work": "KILLED"}


def test_the_ids_of_all_tasks_are_different() -> None:
    found = validate_source(flow(meanwhile(log("next")), log("next")), Registry())
    assert [problem.text for problem in found] == ["tasks[1].id: Duplicate task id with name [next]"]


def test_what_runs_meanwhile_is_validated() -> None:
    [problem] = validate_source(flow(meanwhile({"id": "a", "type": "io.kestra.plugin.core.log.Log"})), Registry())
    assert problem.path == "tasks[0].onPause.message"


def test_a_resume_that_could_not_reach_the_machine_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine(tmp_path) as runtime:
        execution = start(runtime, flow(PAUSE, log("next")))
        until_state(runtime, execution.id, "PAUSED")
        until_waiting(runtime, execution.id)
        with monkeypatch.context() as patch:
            patch.setattr(runtime.machines, "answer", throttled)
            with pytest.raises(MachinesUnavailable):
                resume(runtime.life, execution.id)
        assert resume(runtime.life, execution.id).id == execution.id
        assert end_of(runtime, execution.id).state == "SUCCESS"
        with pytest.raises(WrongState):
            resume(runtime.life, execution.id)


def throttled(*_: Any) -> bool:
    raise MachinesUnavailable("too many requests")


def until_waiting(runtime: Runtime, execution_id: str) -> None:
    """A pause is PAUSED a moment before its token is noted."""
    until = time.monotonic() + WAIT_SECONDS
    while look(runtime, execution_id).run("wait").progress.token is None:
        assert time.monotonic() < until
        time.sleep(0.005)


@pytest.mark.parametrize("tasks", [[], [log("inside")]])
def test_a_pause_that_had_failed_does_not_pause_again(tmp_path: Path, tasks: list[dict[str, Any]]) -> None:
    """A restart goes on behind it, as Kestra's does."""
    with engine(tmp_path, clock=SkippingClock()) as runtime:
        first = run(runtime, flow({**PAUSE, "pauseDuration": "PT1M", "behavior": "FAIL", "tasks": tasks}, log("next")))
        assert (first.state, first.states()) == ("FAILED", {"wait": "FAILED"})
        restart(runtime.life, first.id)
        again = end_of(runtime, first.id)
    assert history_of(again.run("wait"))[-3:] == ["RESTARTED", "RUNNING", "SUCCESS"]
    assert set(again.states().values()) == {"SUCCESS"}
    assert len(again.states()) == 2 + len(tasks)
