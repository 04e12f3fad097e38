"""Whatever ends an execution: `afterExecution` follows, nothing else does, and no task run stays open."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.probe import Flaky, Gate, probe
from engine.running import WAIT_SECONDS, Ran, end_of, engine, history_of, look, run, start, until_state
from engine.sources import constant, fail, flow, log, par, ret, seq, sleep
from thermik.executions.ended_machines import settle_ended_machine
from thermik.executions.kill import kill
from thermik.executions.left_behind import go_on, open_executions
from thermik.executions.model import Execution, Waiting
from thermik.executions.replay import replay
from thermik.executions.revival import restart
from thermik.flows.validation import parse_flow
from thermik.local.runtime import Runtime
from thermik.machines.client import machine_name
from thermik.storage import schema
from thermik.storage.table import Index

AFTER = {"afterExecution": [log("after", message="it is {{ execution.state }}")]}
HANDLERS: dict[str, Any] = {"errors": [log("handler")], "finally": [log("close")], **AFTER}


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    with engine(tmp_path) as started:
        yield started


def settled(runtime: Runtime, execution_id: str) -> Ran:
    """The execution after all that was to follow its end."""
    until = time.monotonic() + WAIT_SECONDS
    while runtime.life.executions.execution(execution_id).value.progress.aftermath:
        assert time.monotonic() < until, "something is still to follow"
        time.sleep(0.01)
    return look(runtime, execution_id)


def test_after_a_kill_only_after_execution_runs(runtime: Runtime) -> None:
    gate = Gate()
    execution = start(runtime, flow(seq("group", probe("work", gate)), log("next"), **HANDLERS))
    gate.await_begun()
    kill(runtime.life, execution.id)
    ran = settled(runtime, execution.id)
    assert ran.states() == {"group": "KILLED", "work": "KILLED", "after": "SUCCESS"}
    assert ran.history == ["CREATED", "RUNNING", "KILLING", "KILLED"]
    assert ran.logged("after") == ["it is KILLED"]
    assert not list(open_executions(runtime.life))


def test_a_task_of_after_execution_is_not_interrupted_by_the_kill_before_it(runtime: Runtime) -> None:
    gate, last = Gate(), Gate()
    execution = start(runtime, flow(probe("work", gate), afterExecution=[probe("after", last)]))
    gate.await_begun()
    kill(runtime.life, execution.id)
    last.await_begun()
    assert not last.open.wait(1.2), "two looks at the execution passed"
    last.open.set()
    assert settled(runtime, execution.id).states()["after"] == "SUCCESS"


def test_a_retry_in_a_directory_of_after_execution_outlasts_the_kill_before_it(runtime: Runtime) -> None:
    gate = Gate()
    again = probe("again", Flaky(1), retry=constant("PT1.2S", maxAttempts=2))
    directory = {"id": "dir", "type": "io.kestra.plugin.core.flow.WorkingDirectory", "tasks": [again]}
    execution = start(runtime, flow(probe("work", gate), afterExecution=[directory]))
    gate.await_begun()
    kill(runtime.life, execution.id)
    ran = settled(runtime, execution.id)
    assert (ran.states()["dir"], ran.attempts("again")) == ("SUCCESS", ["FAILED", "SUCCESS"])


def test_an_end_that_a_deleted_parent_waited_for_is_an_end(runtime: Runtime) -> None:
    execution = start(runtime, flow(log("a")), waiting=Waiting(execution="gone", token="token"))
    ran = settled(runtime, execution.id)
    assert (ran.state, end_of(runtime, execution.id).history) == ("SUCCESS", ["CREATED", "RUNNING", "SUCCESS"])


@pytest.mark.parametrize("state", ["SUCCESS", "WARNING", "KILLED", "CANCELED", "FAILED"])
def test_after_an_exit_only_after_execution_runs(runtime: Runtime, state: str) -> None:
    ended = {"CANCELED": "CANCELLED"}.get(state, state)
    leave = {"id": "leave", "type": "io.kestra.plugin.core.execution.Exit", "state": state}
    execution = start(runtime, flow(seq("group", leave, log("never")), log("next"), **HANDLERS))
    until_state(runtime, execution.id, ended)
    ran = settled(runtime, execution.id)
    assert (ran.state, ran.states()) == (ended, {"group": ended, "leave": ended, "after": "SUCCESS"})
    assert ran.logged("after") == [f"it is {ended}"]
    assert not list(open_executions(runtime.life))


def test_what_works_beside_an_exit_ends_by_itself_while_after_execution_runs(runtime: Runtime) -> None:
    gate = Gate()
    leave = {"id": "leave", "type": "io.kestra.plugin.core.execution.Exit", "state": "WARNING"}
    execution = start(
        runtime, flow(par("both", probe("work", gate), seq("then", sleep("s", "PT0.1S"), leave)), **AFTER)
    )
    gate.await_begun()
    until_state(runtime, execution.id, "WARNING")
    gate.open.set()
    while {(seen := look(runtime, execution.id)).states().get(each) for each in ("work", "after")} != {"SUCCESS"}:
        time.sleep(0.01)
    # what the sweep does, which finds it open if `work` was the last to end
    settle_ended_machine(runtime.life, machine_name(seen.execution), "found by the sweep")
    ran = settled(runtime, execution.id)
    assert ran.states() == {
        "both": "WARNING",
        "work": "SUCCESS",
        "then": "WARNING",
        "s": "SUCCESS",
        "leave": "WARNING",
        "after": "SUCCESS",
    }


def test_after_a_pause_that_cancels_only_after_execution_runs(runtime: Runtime) -> None:
    pause = {"id": "wait", "type": "io.kestra.plugin.core.flow.Pause", "pauseDuration": "PT0.1S", "behavior": "CANCEL"}
    execution = start(runtime, flow(seq("group", pause, log("never")), **HANDLERS))
    until_state(runtime, execution.id, "CANCELLED")
    ran = settled(runtime, execution.id)
    assert ran.states() == {"group": "CANCELLED", "wait": "CANCELLED", "after": "SUCCESS"}
    assert ran.logged("after") == ["it is CANCELLED"]


def test_nothing_follows_the_kill_of_what_never_ran(runtime: Runtime) -> None:
    gate = Gate()
    source = flow(probe("work", gate), concurrency={"limit": 1}, **AFTER)
    first = start(runtime, source)
    gate.await_begun()
    queued = start(runtime, source)
    kill(runtime.life, queued.id)
    assert look(runtime, queued.id).states() == {}
    gate.open.set()
    assert end_of(runtime, first.id).state == "SUCCESS"


@pytest.mark.parametrize(("behavior", "state"), [("FAIL", "FAILED"), ("CANCEL", "CANCELLED")])
@pytest.mark.parametrize("kind", ["MAX_DURATION", "EXECUTION_ASSERTION"])
def test_after_a_broken_agreement_only_after_execution_runs(
    runtime: Runtime, behavior: str, state: str, kind: str
) -> None:
    watched = {"assert": "{{ outputs.a.value != 'a' }}"} if kind == "EXECUTION_ASSERTION" else {"duration": "PT1S"}
    agreement = {"id": "agreed", "type": kind, "behavior": behavior, **watched}
    ran = run(runtime, flow(ret("a"), sleep("work", "PT20S"), sla=[agreement], **HANDLERS))
    ran = settled(runtime, ran.id)
    assert ran.state == state
    assert {run.state.current.value for run in ran.task_runs if run.task_id == "work"} <= {state}
    assert ran.logged("after") == [f"it is {state}"]
    assert {"handler", "close"}.isdisjoint(ran.states())


def test_after_a_machine_that_failed_after_execution_runs(runtime: Runtime) -> None:
    gate = Gate()
    execution = start(runtime, flow(probe("work", gate), **HANDLERS))
    gate.await_begun()
    settle_ended_machine(runtime.life, execution.id, "somebody stopped it")
    gate.open.set()
    ran = settled(runtime, execution.id)
    assert ran.states() == {"work": "FAILED", "after": "SUCCESS"}


def _as_after_a_death(runtime: Runtime, execution_id: str, task_id: str) -> Execution:
    """The execution as it is when the worker of one of its runs died: the run's lease is nobody's."""
    ran = look(runtime, execution_id)
    lease = ran.run(task_id).progress.lease
    assert lease is not None
    runtime.ports.leases.release(lease)
    return ran.execution


def test_what_works_beside_a_failure_keeps_the_execution_open_until_it_has_ended(runtime: Runtime) -> None:
    gate = Gate()
    execution = start(runtime, flow(par("both", probe("work", gate), fail("bad"))))
    gate.await_begun()
    failed = until_state(runtime, execution.id, "FAILED")
    runtime.machines.engine.wait(machine_name(execution), 10)
    assert failed.states()["work"] == "RUNNING"
    assert [each.id for each in open_executions(runtime.life)] == [execution.id]
    go_on(runtime.life, next(open_executions(runtime.life)))
    assert look(runtime, execution.id).states()["work"] == "RUNNING"
    gate.open.set()
    runtime.machines.close(5)
    assert look(runtime, execution.id).states()["work"] == "SUCCESS"
    go_on(runtime.life, next(open_executions(runtime.life)))
    assert not list(open_executions(runtime.life))


def test_what_worked_beside_a_failure_and_died_is_closed(runtime: Runtime) -> None:
    gate = Gate()
    execution = start(runtime, flow(par("both", seq("group", probe("work", gate)), fail("bad"))))
    gate.await_begun()
    until_state(runtime, execution.id, "FAILED")
    runtime.machines.engine.wait(machine_name(execution), 10)
    go_on(runtime.life, _as_after_a_death(runtime, execution.id, "work"))
    ran = look(runtime, execution.id)
    gate.open.set()
    assert ran.states() == {"both": "FAILED", "group": "KILLED", "work": "KILLED", "bad": "FAILED"}
    assert ran.attempts("work") == ["KILLED"]
    assert not list(open_executions(runtime.life))


def test_a_replay_of_what_is_at_work_leaves_no_attempt_open(runtime: Runtime) -> None:
    gate = Gate()
    execution = start(runtime, flow(par("both", probe("one", gate), probe("two", gate))))
    gate.await_begun(2)
    ran = look(runtime, execution.id)
    copy = replay(runtime.life, execution.id, from_task_run=ran.run("one").id)
    gate.await_begun(2)
    gate.open.set()
    again = end_of(runtime, copy.id)
    assert again.attempts("one") == again.attempts("two") == ["RESUBMITTED", "SUCCESS"]
    assert history_of(again.run("two")) == ["CREATED", "RUNNING", "RESTARTED", "RUNNING", "SUCCESS"]


def test_every_state_that_a_restart_and_a_resume_pass_is_heard(runtime: Runtime) -> None:
    states = ["RESTARTED", "RUNNING", "PAUSED"]
    listening = {"id": "heard", "type": "io.kestra.plugin.core.trigger.Flow", "states": states}
    listener = flow(ret("a"), id="listener", triggers=[listening])
    runtime.flows.save(parse_flow(listener, runtime.types, runtime.triggers))
    pause = {"id": "wait", "type": "io.kestra.plugin.core.flow.Pause", "pauseDuration": "PT0.1S"}
    first = run(runtime, flow(pause, fail("bad", condition="{{ taskrun.attemptsCount == 0 }}")))
    restart(runtime.life, first.id)
    assert end_of(runtime, first.id).state == "SUCCESS"
    page = runtime.table.query(schema.flow_partition("company.team", "listener"), index=Index.FIRST)
    heard = [Execution.model_validate(each.body).trigger for each in page.records]
    seen = sorted(each.variables["state"] for each in heard if each is not None)
    assert seen == sorted(["RUNNING", "PAUSED", "RESTARTED", "RUNNING", "RESTARTED", "RUNNING"])
