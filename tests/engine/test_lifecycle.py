"""What people do with an execution while it runs and after it: kill, pause, resume, restart, replay, mark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.probe import Flaky, Gate, probe
from engine.running import Ran, end_of, engine, history_of, look, run, save, start, until_state
from engine.sources import allow, each, fail, flow, log, par, ret, seq, when
from thermik.executions.kill import kill
from thermik.executions.marking import change_task_run_state
from thermik.executions.pausing import pause, resume
from thermik.executions.refusals import Unacceptable, WrongState
from thermik.executions.replay import replay, restart_in_revision
from thermik.executions.revival import restart
from thermik.executions.state import StateType
from thermik.flows.repository import FlowNotFound
from thermik.local.interpreter import SkippingClock
from thermik.local.runtime import Runtime
from thermik.worker.call import read_call


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    with engine(tmp_path) as started:
        yield started


def marked(runtime: Runtime, ran: Ran, task_id: str, state: StateType) -> Ran:
    change_task_run_state(runtime.life, ran.id, ran.run(task_id).id, state)
    return end_of(runtime, ran.id)


# ---- kill


def test_a_kill_interrupts_what_runs_and_starts_nothing_more(runtime: Runtime) -> None:
    gate = Gate()
    source = flow(probe("work", gate), log("next"), errors=[log("handler")], finally_=[log("end")])
    execution = start(runtime, source.replace("finally_", "finally"))
    gate.await_begun()
    killed = kill(runtime.life, execution.id)
    assert [entry.state.value for entry in killed.state.histories] == ["CREATED", "RUNNING", "KILLING", "KILLED"]
    assert gate.open.wait(5), "the task was not interrupted"
    ran = look(runtime, execution.id)
    assert ran.states() == {"work": "KILLED"}
    assert ran.attempts("work") == ["KILLED"]


def test_a_kill_of_what_was_killed_changes_nothing(runtime: Runtime) -> None:
    gate = Gate()
    execution = start(runtime, flow(probe("work", gate)))
    gate.await_begun()
    first = kill(runtime.life, execution.id)
    assert kill(runtime.life, execution.id) == first
    with pytest.raises(WrongState):
        kill(runtime.life, execution.id, cascade=False)


def test_a_kill_reaches_every_open_run(runtime: Runtime) -> None:
    gate = Gate()
    source = flow(each("loop", ["a", "b"], seq("group", probe("work", gate), log("next")), concurrencyLimit=0))
    execution = start(runtime, source)
    gate.await_begun(2)
    kill(runtime.life, execution.id)
    ran = look(runtime, execution.id)
    assert ran.state == "KILLED"
    assert {run.state.current.value for run in ran.task_runs} == {"KILLED"}
    assert len(ran.task_runs) == 5


def test_a_kill_ends_a_retry_that_waits(runtime: Runtime) -> None:
    flaky = Flaky(99)
    execution = start(runtime, flow(probe("work", flaky, retry={"type": "constant", "interval": "PT1H"}), log("next")))
    until_state(runtime, execution.id, "RETRYING")
    kill(runtime.life, execution.id)
    ran = look(runtime, execution.id)
    assert ran.state == "KILLED"
    assert ran.states() == {"work": "KILLED"}
    assert flaky.runs == 1


@pytest.mark.parametrize("step", range(8))
def test_a_kill_at_any_step_lets_nothing_run_afterwards(runtime: Runtime, step: int) -> None:
    """The kill comes in the step itself: whatever is asked for later answers Stopped, and nothing is made."""
    counted = 0
    handle = runtime.worker.handle

    def kills_at_step(payload: dict[str, object]) -> dict[str, object]:
        nonlocal counted
        if counted == step:
            kill(runtime.life, read_call(payload).execution_id)
        counted += 1
        return handle(payload)

    runtime.worker.handle = kills_at_step  # type: ignore[assignment,method-assign]
    source = flow(ret("a"), seq("group", ret("b"), each("loop", ["x"], ret("c"))), ret("d"), errors=[ret("handler")])
    execution = start(runtime, source)
    until_state(runtime, execution.id, "KILLED")
    ran = look(runtime, execution.id)
    assert all(each_run.state.is_terminal for each_run in ran.task_runs)
    assert "handler" not in {each_run.task_id for each_run in ran.task_runs}


# ---- pause and resume


def test_a_pause_by_hand_lets_work_end_and_starts_nothing(runtime: Runtime) -> None:
    gate = Gate()
    execution = start(runtime, flow(probe("work", gate), log("next")))
    gate.await_begun()
    pause(runtime.life, execution.id)
    gate.open.set()
    held = end_of(runtime, execution.id)
    assert held.state == "PAUSED"
    assert held.states() == {"work": "SUCCESS"}
    resume(runtime.life, execution.id)
    ran = end_of(runtime, execution.id)
    assert ran.states() == {"work": "SUCCESS", "next": "SUCCESS"}
    assert ran.history == ["CREATED", "RUNNING", "PAUSED", "RUNNING", "SUCCESS"]
    assert gate.runs["work"] == 1


@pytest.mark.parametrize(
    "following",
    [
        seq("group", log("inside")),
        par("group", log("inside"), log("beside")),
        each("group", ["a"], log("inside")),
        when("group", "true", log("inside")),
        allow("group", log("inside")),
    ],
    ids=lambda task: task["type"].rpartition(".")[2],
)
def test_a_pause_by_hand_before_a_flowable_holds_it(runtime: Runtime, following: dict[str, object]) -> None:
    gate = Gate()
    execution = start(runtime, flow(probe("work", gate), following))
    gate.await_begun()
    pause(runtime.life, execution.id)
    gate.open.set()
    held = end_of(runtime, execution.id)
    assert held.state == "PAUSED"
    assert held.states() == {"work": "SUCCESS"}
    resume(runtime.life, execution.id)
    assert end_of(runtime, execution.id).state == "SUCCESS"


def test_a_pause_by_hand_within_a_flowable_holds_its_end(runtime: Runtime) -> None:
    gate = Gate()
    execution = start(runtime, flow(seq("group", probe("work", gate)), log("next"), errors=[log("handler")]))
    gate.await_begun()
    pause(runtime.life, execution.id)
    gate.open.set()
    held = end_of(runtime, execution.id)
    assert held.state == "PAUSED"
    assert held.states() == {"group": "RUNNING", "work": "SUCCESS"}
    resume(runtime.life, execution.id)
    ran = end_of(runtime, execution.id)
    assert ran.states() == {"group": "SUCCESS", "work": "SUCCESS", "next": "SUCCESS"}


def test_a_pause_during_the_last_task_holds_the_end(runtime: Runtime) -> None:
    gate = Gate()
    execution = start(runtime, flow(probe("work", gate), outputs=[{"id": "o", "type": "STRING", "value": "x"}]))
    gate.await_begun()
    pause(runtime.life, execution.id)
    gate.open.set()
    assert end_of(runtime, execution.id).state == "PAUSED"
    resume(runtime.life, execution.id)
    ran = end_of(runtime, execution.id)
    assert (ran.state, ran.execution.outputs) == ("SUCCESS", {"o": "x"})


def test_a_pause_while_siblings_work_holds_them_all(runtime: Runtime) -> None:
    gate = Gate()
    branches = [seq(f"branch{number}", probe(f"work{number}", gate), log(f"next{number}")) for number in range(2)]
    execution = start(runtime, flow(par("side_by_side", *branches), log("end")))
    gate.await_begun(2)
    pause(runtime.life, execution.id)
    gate.open.set()
    held = end_of(runtime, execution.id)
    assert held.state == "PAUSED"
    assert not {"next0", "next1", "end"} & held.states().keys()
    resume(runtime.life, execution.id)
    ran = end_of(runtime, execution.id)
    assert ran.state == "SUCCESS"
    assert set(ran.states().values()) == {"SUCCESS"}
    assert gate.runs == {"work0": 1, "work1": 1}


def test_what_is_not_running_is_not_paused_and_what_is_not_paused_not_resumed(runtime: Runtime) -> None:
    ran = run(runtime, flow(log("a")))
    with pytest.raises(Unacceptable):
        pause(runtime.life, ran.id)
    with pytest.raises(WrongState):
        resume(runtime.life, ran.id)


# ---- restart


def test_a_restart_runs_the_failed_task_again_and_no_other(runtime: Runtime) -> None:
    flaky, before = Flaky(1), Flaky(0)
    source = flow(probe("before", before), seq("group", probe("work", flaky)), log("next"), errors=[log("handler")])
    failed = run(runtime, source)
    assert failed.states() == {"before": "SUCCESS", "group": "FAILED", "work": "FAILED", "handler": "SUCCESS"}
    restart(runtime.life, failed.id)
    ran = end_of(runtime, failed.id)
    assert ran.states() == {"before": "SUCCESS", "group": "SUCCESS", "work": "SUCCESS", "next": "SUCCESS"}
    assert ran.history == ["CREATED", "RUNNING", "FAILED", "RESTARTED", "RUNNING", "SUCCESS"]
    assert ran.attempts("work") == ["FAILED", "SUCCESS"]
    assert ran.attempts("before") == ["SUCCESS"]
    assert history_of(ran.run("work")) == ["CREATED", "RUNNING", "FAILED", "RESTARTED", "RUNNING", "SUCCESS"]
    assert history_of(ran.run("group")) == ["CREATED", "RUNNING", "FAILED", "RUNNING", "SUCCESS"]
    assert (before.runs, flaky.runs) == (1, 2)
    assert ran.execution.metadata.attempt_number == 2
    assert {run.id for run in failed.task_runs} - {failed.run("handler").id} <= {run.id for run in ran.task_runs}


def test_a_restart_that_fails_again_runs_the_handler_again(runtime: Runtime) -> None:
    failed = run(runtime, flow(fail("work"), errors=[log("handler")]))
    restart(runtime.life, failed.id)
    ran = end_of(runtime, failed.id)
    assert ran.states() == {"work": "FAILED", "handler": "SUCCESS"}
    assert ran.attempts("work") == ["FAILED", "FAILED"]
    assert ran.logged("handler") == ["here", "here"]


def test_a_restart_within_a_loop_keeps_the_turns_that_ended(runtime: Runtime) -> None:
    flaky, count = Flaky(1), Flaky(0)
    source = flow(
        each("loop", ["a", "b", "c"], probe("count", count), probe("work", flaky, runIf="{{ taskrun.value == 'b' }}"))
    )
    failed = run(runtime, source)
    assert failed.states() == {
        "loop": "FAILED",
        "count[a]": "SUCCESS",
        "work[a]": "SKIPPED",
        "count[b]": "SUCCESS",
        "work[b]": "FAILED",
    }
    restart(runtime.life, failed.id)
    ran = end_of(runtime, failed.id)
    assert ran.state == "SUCCESS"
    assert count.runs == 3
    assert ran.run("work", "b").attempts is not None
    assert len(ran.run("work", "b").attempts or ()) == 2


def test_a_restart_in_another_revision_is_a_new_execution_that_keeps_what_went_well(runtime: Runtime) -> None:
    count = Flaky(0)
    old = flow(probe("count", count), seq("group", fail("work"), log("gone")), errors=[log("handler")])
    failed = run(runtime, old)
    save(runtime, flow(probe("count", count), seq("group", log("work", "mended")), log("next")))
    restarted = restart_in_revision(runtime.life, failed.id, 2)
    ran = end_of(runtime, restarted.id)
    assert (ran.execution.parent_id, ran.execution.original_id) == (failed.id, failed.id)
    assert (ran.execution.flow_revision, ran.execution.metadata.attempt_number) == (2, 2)
    assert ran.states() == {"count": "SUCCESS", "group": "SUCCESS", "work": "SUCCESS", "next": "SUCCESS"}
    assert ran.history == ["CREATED", "RUNNING", "FAILED", "RESTARTED", "RUNNING", "SUCCESS"]
    assert ran.attempts("work") == ["FAILED", "SUCCESS"]
    assert (count.runs, ran.logged("work")) == (1, ["mended"])
    assert look(runtime, failed.id) == failed


def test_a_restart_in_a_revision_without_the_failed_task_goes_on_with_the_others(runtime: Runtime) -> None:
    failed = run(runtime, flow(log("before"), seq("group", fail("work"))))
    save(runtime, flow(log("before"), log("group"), log("after")))
    ran = end_of(runtime, restart_in_revision(runtime.life, failed.id, 2).id)
    assert ran.states() == {"before": "SUCCESS", "group": "SUCCESS", "after": "SUCCESS"}


def test_a_restart_in_another_revision_of_what_did_not_fail_leaves_nothing_behind(runtime: Runtime) -> None:
    ran = run(runtime, flow(log("a")))
    with pytest.raises(Unacceptable, match="No task found to restart execution from!"):
        restart_in_revision(runtime.life, ran.id, 1)
    gate = Gate()
    execution = start(runtime, flow(probe("work", gate)))
    gate.await_begun()
    with pytest.raises(WrongState):
        restart_in_revision(runtime.life, execution.id, 1)
    gate.open.set()
    with pytest.raises(FlowNotFound):
        restart_in_revision(runtime.life, end_of(runtime, execution.id).id, 7)


def test_what_did_not_fail_cannot_be_restarted(runtime: Runtime) -> None:
    ran = run(runtime, flow(log("a")))
    with pytest.raises(Unacceptable, match="No task found to restart execution from!"):
        restart(runtime.life, ran.id)


def test_what_runs_cannot_be_restarted(runtime: Runtime) -> None:
    gate = Gate()
    execution = start(runtime, flow(probe("work", gate)))
    gate.await_begun()
    with pytest.raises(WrongState):
        restart(runtime.life, execution.id)
    gate.open.set()


# ---- replay


def test_a_replay_from_the_start_is_a_new_execution(runtime: Runtime) -> None:
    source = run(runtime, flow(ret("a"), ret("b"), labels={"team": "x"}))
    copy = replay(runtime.life, source.id)
    ran = end_of(runtime, copy.id)
    assert ran.id != source.id
    assert ran.states() == source.states()
    assert ran.history == ["CREATED", "RUNNING", "SUCCESS"]
    assert (ran.execution.parent_id, ran.execution.original_id) == (source.id, source.execution.original_id)
    assert ran.execution.label("team") == "x"
    assert ran.execution.metadata.attempt_number == 2
    after = look(runtime, source.id)
    assert (after.state, after.task_runs, after.logs) == (source.state, source.task_runs, source.logs)
    assert (after.execution.label("system.replayed"), ran.execution.label("system.replay")) == ("true", "true")
    assert ran.execution.label("system.replayed") is None


def test_a_replay_from_a_task_keeps_what_came_before(runtime: Runtime) -> None:
    counts = {name: Flaky(0) for name in "abc"}
    source = run(runtime, flow(*(probe(name, count) for name, count in counts.items())))
    copy = replay(runtime.life, source.id, from_task_run=source.run("b").id)
    ran = end_of(runtime, copy.id)
    assert ran.state == "SUCCESS"
    assert {name: count.runs for name, count in counts.items()} == {"a": 1, "b": 2, "c": 2}
    assert [len(ran.run(name).attempts or ()) for name in "abc"] == [1, 2, 1]
    assert ran.history == [*source.history, "RESTARTED", "RUNNING", "SUCCESS"]
    assert not {each_run.id for each_run in ran.task_runs} & {each_run.id for each_run in source.task_runs}


def test_a_replay_from_a_task_in_a_loop_keeps_the_turns_before(runtime: Runtime) -> None:
    count, last = Flaky(0), Flaky(0)
    loop = each("outer", ["a", "b"], each("inner", ["1", "2", "3"], probe("work", count)))
    source = run(runtime, flow(loop, probe("last", last)))
    assert count.runs == 6
    runs = {_path(source, each_run.id): each_run.id for each_run in source.task_runs if each_run.task_id == "work"}
    copy = replay(runtime.life, source.id, from_task_run=runs["b/2"])
    ran = end_of(runtime, copy.id)
    assert ran.state == "SUCCESS"
    assert count.runs == 6 + 2  # b/2 and b/3
    assert last.runs == 2
    assert sorted(_path(ran, each_run.id) for each_run in ran.task_runs) == sorted(
        _path(source, each_run.id) for each_run in source.task_runs
    )


def _path(ran: Ran, run_id: str) -> str:
    by_id = {each_run.id: each_run for each_run in ran.task_runs}
    values, current = [], by_id[run_id]
    while True:
        values += [current.value] if current.value is not None else []
        if current.parent_task_run_id is None:
            return "/".join(reversed(values))
        current = by_id[current.parent_task_run_id]


def test_a_replay_of_an_unknown_task_run_is_refused(runtime: Runtime) -> None:
    source = run(runtime, flow(ret("a")))
    with pytest.raises(Unacceptable):
        replay(runtime.life, source.id, from_task_run="nobody")


# ---- change of a task run's state


def test_marking_a_failed_task_as_success_lets_the_flow_go_on(runtime: Runtime) -> None:
    failed = run(runtime, flow(seq("group", fail("work"), log("next")), log("end")))
    assert failed.states() == {"group": "FAILED", "work": "FAILED"}
    ran = marked(runtime, failed, "work", StateType.SUCCESS)
    assert ran.states() == {"group": "SUCCESS", "work": "SUCCESS", "next": "SUCCESS", "end": "SUCCESS"}
    assert ran.history == ["CREATED", "RUNNING", "FAILED", "RESTARTED", "RUNNING", "SUCCESS"]
    assert ran.attempts("work") == ["SUCCESS"]


def test_marking_a_successful_task_as_failed_fails_the_execution_and_keeps_its_runs(runtime: Runtime) -> None:
    well = run(runtime, flow(ret("a"), seq("group", ret("b"), ret("c")), ret("d")))
    ran = marked(runtime, well, "b", StateType.FAILED)
    assert ran.states() == {"a": "SUCCESS", "group": "FAILED", "b": "FAILED", "c": "SUCCESS", "d": "SUCCESS"}
    assert ran.history == ["CREATED", "RUNNING", "SUCCESS", "RESTARTED", "RUNNING", "FAILED"]


def test_what_came_last_comes_again_after_a_task_run_was_marked(runtime: Runtime) -> None:
    source = flow(
        fail("work"), log("next"), errors=[log("handler")], finally_=[log("end")], afterExecution=[log("last")]
    )
    failed = run(runtime, source.replace("finally_", "finally"))
    assert [*failed.states()] == ["work", "handler", "end", "last"]
    ran = marked(runtime, failed, "work", StateType.SUCCESS)
    assert (ran.state, [*ran.states()]) == ("SUCCESS", ["work", "next", "end", "last"])
    assert ran.execution.label("system.restarted") == "true"


def test_an_error_handler_that_is_marked_itself_stays(runtime: Runtime) -> None:
    failed = run(runtime, flow(fail("work"), errors=[fail("handler")]))
    ran = marked(runtime, failed, "handler", StateType.SUCCESS)
    assert (ran.state, ran.states()) == ("FAILED", {"work": "FAILED", "handler": "SUCCESS"})


def test_marking_a_task_run_as_cancelled_ends_the_execution_as_that(runtime: Runtime) -> None:
    last = log("last", "after {{ execution.state }}")
    failed = run(runtime, flow(seq("group", fail("work")), log("next"), afterExecution=[last]))
    ran = marked(runtime, failed, "work", StateType.CANCELLED)
    assert ran.history == ["CREATED", "RUNNING", "FAILED", "CANCELLED"]
    assert ran.states() == {"group": "FAILED", "work": "CANCELLED", "last": "SUCCESS"}
    assert ran.attempts("work") == ["CANCELLED"]
    assert ran.messages[-1] == "after CANCELLED"


def test_a_pause_that_is_marked_as_cancelled_ends_what_is_open(runtime: Runtime) -> None:
    pause_task = {"id": "a", "type": "io.kestra.plugin.core.flow.Pause"}
    execution = start(runtime, flow(seq("group", pause_task, log("b")), log("next")))
    until_state(runtime, execution.id, "PAUSED")
    paused = look(runtime, execution.id)
    ran = marked(runtime, paused, "a", StateType.CANCELLED)
    assert (ran.state, ran.states()) == ("CANCELLED", {"group": "CANCELLED", "a": "CANCELLED"})


def test_a_task_at_work_cannot_be_marked(runtime: Runtime) -> None:
    gate = Gate()
    execution = start(runtime, flow(probe("work", gate)))
    gate.await_begun()
    with pytest.raises(WrongState):
        change_task_run_state(runtime.life, execution.id, look(runtime, execution.id).run("work").id, StateType.SUCCESS)
    gate.open.set()


def test_what_waits_for_a_retry_is_not_paused_by_hand(tmp_path: Path) -> None:
    with engine(tmp_path, clock=SkippingClock(automatic=False)) as runtime:
        flaky = Flaky(1)
        retry = {"type": "constant", "interval": "PT1H"}
        execution = start(runtime, flow(probe("work", flaky, retry=retry)))
        until_state(runtime, execution.id, "RETRYING")
        with pytest.raises(Unacceptable, match="RETRYING"):
            pause(runtime.life, execution.id)
        runtime.clock.skip()  # type: ignore[attr-defined]
        ran = end_of(runtime, execution.id)
        assert (ran.state, flaky.runs) == ("SUCCESS", 2)
