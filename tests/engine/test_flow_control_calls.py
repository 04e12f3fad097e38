"""Kestra's rules for what starts other executions, pauses, or shares a directory: a flow a rule."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.running import WAIT_SECONDS, Ran, end_of, engine, history_of, look, run, save, start
from engine.sources import Task, each, fail, flow, log, par, ret, seq
from thermik.executions.kill import kill
from thermik.executions.pausing import resume
from thermik.local.interpreter import SkippingClock
from thermik.local.runtime import Runtime

FLOW = "io.kestra.plugin.core.flow"
FAILS, WARNS = fail("inner"), fail("inner", allowFailure=True)


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    with engine(Path(tmp_path_factory.mktemp("data")), clock=SkippingClock()) as started:
        yield started


def calls(flow_id: str, **properties: Any) -> Task:
    return {"id": "call", "type": f"{FLOW}.Subflow", "namespace": "company.team", "flowId": flow_id, **properties}


def called(runtime: Runtime, ran: Ran) -> Ran:
    return look(runtime, (ran.run("call").outputs or {})["executionId"])


@pytest.mark.parametrize(
    ("inner", "properties", "state"),
    [
        (ret("inner"), {}, "SUCCESS"),
        (WARNS, {}, "WARNING"),
        (FAILS, {}, "FAILED"),
        (WARNS, {"transmitFailed": False}, "SUCCESS"),
        (FAILS, {"transmitFailed": False}, "SUCCESS"),
        (FAILS, {"transmitFailed": "{{ false }}"}, "SUCCESS"),
        (FAILS, {"allowFailure": True}, "WARNING"),
        (FAILS, {"allowFailure": True, "allowWarning": True}, "SUCCESS"),
        (WARNS, {"allowWarning": True}, "SUCCESS"),
        (ret("inner"), {"runIf": "false"}, "SKIPPED"),
    ],
)
def test_what_a_subflow_comes_to(runtime: Runtime, inner: Task, properties: dict[str, Any], state: str) -> None:
    save(runtime, flow(inner, id="called"))
    ran = run(runtime, flow(calls("called", **properties), id="calling"))
    assert ran.run("call").state.current == state
    if state != "SKIPPED":
        assert len(ran.run("call").attempts or ()) == 1
        child = called(runtime, ran)
        assert ran.run("call").outputs == {"executionId": child.id, "state": child.state}


def test_a_subflow_knows_who_called_it_and_the_caller_says_whom(runtime: Runtime) -> None:
    save(runtime, flow(ret("inner", "{{ trigger.executionId }} {{ trigger.flowId }}"), id="knowing"))
    ran = run(runtime, flow(calls("knowing"), id="calling"))
    child = called(runtime, ran)
    assert child.run("inner").outputs == {"value": f"{ran.id} calling"}
    assert child.execution.trigger is not None
    assert (child.execution.trigger.id, child.execution.trigger.type) == ("call", f"{FLOW}.Subflow")
    said = f'Created new execution [[link execution="{child.id}" flowId="knowing" namespace="company.team"]]'
    assert said in ran.logged("call")
    assert child.execution.label("system.correlationId") == ran.id


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (None, "Unable to find flow 'company.team'.'nobody'"),
        (flow(log("a"), id="nobody", disabled=True), "disabled"),
        (flow(log("a"), id="nobody", inputs=[{"id": "needed", "type": "STRING"}]), "needed"),
        (flow(log("a"), id="nobody", inputs=[{"id": "given", "type": "INT"}]), "given"),
    ],
)
def test_what_cannot_be_started_fails_the_task(tmp_path: Path, source: str | None, said: str) -> None:
    with engine(tmp_path, clock=SkippingClock()) as runtime:
        if source is not None:
            save(runtime, source)
        ran = run(runtime, flow(calls("nobody", inputs={"given": "text"}), log("never"), id="calling"))
    assert ran.states() == {"call": "FAILED"}
    assert len(ran.run("call").attempts or ()) == 1
    assert any(said in message for message in ran.logged("call", "ERROR")), ran.messages


def test_without_waiting_a_subflow_is_a_success_at_once(runtime: Runtime) -> None:
    save(runtime, flow(FAILS, id="called"))
    ran = run(runtime, flow(calls("called", wait=False), id="calling"))
    assert ran.state == "SUCCESS"
    assert (ran.run("call").outputs or {})["state"] == "CREATED"


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def link_in(ran: Ran) -> list[str]:
    """The executions that a log leads to."""
    return re.findall(r'link execution="(\w+)"', " ".join(ran.messages))


def test_a_kill_reaches_the_subflow(tmp_path: Path) -> None:
    with engine(tmp_path) as runtime:
        save(runtime, flow({"id": "inner", "type": f"{FLOW}.Pause"}, id="pausing"))
        execution = start(runtime, flow(calls("pausing"), id="calling"))
        until(lambda: link_in(look(runtime, execution.id)))
        child = link_in(look(runtime, execution.id))[0]
        kill(runtime.life, execution.id)
        assert look(runtime, child).state == "KILLED"


def test_a_resume_means_the_first_that_is_paused(tmp_path: Path) -> None:
    first, second = ({"id": name, "type": f"{FLOW}.Pause"} for name in ("first", "second"))
    with engine(tmp_path) as runtime:
        execution = start(runtime, flow(seq("s", par("both", first, second, log("beside"))), id="two-pauses"))
        until(lambda: [*look(runtime, execution.id).states().values()].count("PAUSED") == 2)
        paused = [each.task_id for each in look(runtime, execution.id).task_runs if each.state.current == "PAUSED"]
        resume(runtime.life, execution.id)
        between = look(runtime, execution.id)
        assert between.state == "PAUSED"
        assert [between.run(each).state.current for each in paused] == ["SUCCESS", "PAUSED"]
        resume(runtime.life, execution.id)
        ran = end_of(runtime, execution.id)
    assert ran.history == ["CREATED", "RUNNING", "PAUSED", "RESTARTED", "RUNNING", "SUCCESS"]
    assert history_of(ran.run(paused[0])) == ["CREATED", "RUNNING", "PAUSED", "RUNNING", "SUCCESS"]


def test_what_shares_a_directory_stands_where_the_directory_does(runtime: Runtime) -> None:
    seen = ("taskrun.value", "workerTaskrun.value", "parent.taskrun.value", "outputs.earlier.o[taskrun.value].value")
    shown = ret("t", " ".join(f"{{{{ {name} }}}}" for name in seen))
    directory = {"id": "wdir", "type": f"{FLOW}.WorkingDirectory", "tasks": [ret("earlier", "e"), shown]}
    ran = run(runtime, flow(each("outer", ["o"], each("inner", ["x", "y"], directory)), id="sharing"))
    assert ran.state == "SUCCESS", ran.messages
    found = [(each.value, (each.outputs or {}).get("value")) for each in ran.task_runs if each.task_id == "t"]
    assert found == [(None, "x x o e"), (None, "y y o e")]
