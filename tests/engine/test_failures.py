"""What a failure leads to: handlers, what is tolerated, what runs beside it; what is skipped or cannot be rendered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.probe import Flaky, Gate, probe
from engine.running import Around, Handle, end_of, engine, look, run, start
from engine.sources import allow, constant, each, each_parallel, fail, flow, log, par, ret, seq, sleep, switch, when
from thermik.executions.revival import restart
from thermik.local.interpreter import SkippingClock
from thermik.local.runtime import Runtime
from thermik.tasks.runnable import Outputs, RunContext
from thermik.worker.call import read_call
from thermik.worker.worker import Worker


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    with engine(tmp_path) as started:
        yield started


def test_handlers_run_in_order_whatever_becomes_of_each(runtime: Runtime) -> None:
    ran = run(runtime, flow(log("a"), fail("b"), log("c"), errors=[log("e1"), fail("e2"), log("e3")]))
    assert ran.state == "FAILED"
    assert ran.states() == {"a": "SUCCESS", "b": "FAILED", "e1": "SUCCESS", "e2": "FAILED", "e3": "SUCCESS"}


@pytest.mark.parametrize("ends", [ret("end"), fail("end")], ids=["well", "badly"])
def test_finally_and_after_execution_run_either_way(runtime: Runtime, ends: dict[str, Any]) -> None:
    after = [log("after", "{{ tasks.end.state }}")]
    ran = run(runtime, flow(ends, **{"finally": [log("close")], "afterExecution": after}))
    state = "SUCCESS" if ends == ret("end") else "FAILED"
    assert ran.state == state
    assert ran.states() == {"end": state, "close": "SUCCESS", "after": "SUCCESS"}
    assert ran.logged("after") == [state]
    over = ran.execution.state.end_date
    assert over is not None
    assert ran.run("close").state.start_date <= over <= ran.run("after").state.start_date


def test_a_failure_in_after_execution_changes_nothing(runtime: Runtime) -> None:
    ran = run(runtime, flow(ret("a"), afterExecution=[fail("x"), log("y")]))
    assert (ran.state, ran.states()) == ("SUCCESS", {"a": "SUCCESS", "x": "FAILED", "y": "SUCCESS"})


def test_local_handlers_handle_and_do_not_recover(runtime: Runtime) -> None:
    group = seq("group", fail("f"), log("never"), errors=[log("local")])
    ran = run(runtime, flow(group, log("next"), errors=[log("flows")]))
    assert ran.state == "FAILED"
    assert ran.states() == {"group": "FAILED", "f": "FAILED", "local": "SUCCESS", "flows": "SUCCESS"}


@pytest.mark.parametrize(
    ("properties", "state"),
    [({}, "FAILED"), ({"allowFailure": True}, "WARNING"), ({"allowFailure": True, "allowWarning": True}, "SUCCESS")],
)
@pytest.mark.parametrize("kind", ["task", "flowable", "broken runIf", "broken runIf of a flowable", "no case"])
def test_a_failure_counts_as_its_task_allows(
    runtime: Runtime, kind: str, properties: dict[str, Any], state: str
) -> None:
    failing = {
        "task": fail("f", **properties),
        "flowable": seq("f", fail("inside"), **properties),
        "broken runIf": log("f", runIf="{{ nobody }}", **properties),
        "broken runIf of a flowable": seq("f", log("inside"), runIf="{{ nobody }}", **properties),
        "no case": switch("f", "x", cases={"y": [log("inside")]}, **properties),
    }[kind]
    ran = run(runtime, flow(failing, log("next")))
    assert ran.run("f").state.current == state
    assert ran.state == state
    assert ("next" in ran.states()) == (state != "FAILED")
    if kind == "flowable":
        assert ran.run("inside").state.current == "FAILED"


def test_a_warning_is_success_where_it_is_allowed(runtime: Runtime) -> None:
    def warn(_context: RunContext) -> Outputs:
        return Outputs({}, warning=True)

    ran = run(runtime, flow(probe("a", warn, allowWarning=True), probe("b", warn)))
    assert (ran.state, ran.states()) == ("WARNING", {"a": "SUCCESS", "b": "WARNING"})


@pytest.mark.parametrize("rendered", ["false", "0", "-0", "", "{{ null }}"])
def test_what_counts_as_false_skips(runtime: Runtime, rendered: str) -> None:
    ran = run(runtime, flow(log("a", runIf=rendered), seq("g", log("b"), runIf=rendered), log("c")))
    assert ran.states() == {"a": "SKIPPED", "g": "SKIPPED", "c": "SUCCESS"}
    assert ran.run("a").attempts is None
    assert ran.state == "SUCCESS"


@pytest.mark.parametrize("rendered", ["true", "False", " ", "{{ 'no' }}"])
def test_everything_else_counts_as_true(runtime: Runtime, rendered: str) -> None:
    assert run(runtime, flow(log("a", runIf=rendered))).states() == {"a": "SUCCESS"}


def test_a_run_if_that_cannot_be_rendered_fails_without_an_attempt(runtime: Runtime) -> None:
    ran = run(runtime, flow(log("a", runIf="{{ nobody }}", retry=constant(maxAttempts=3)), log("b")))
    assert ran.states() == {"a": "FAILED"}
    assert ran.run("a").attempts is None
    assert "nobody" in ran.logged("a", "ERROR")[0]


def test_disabled_tasks_are_not_there(runtime: Runtime) -> None:
    off = {"disabled": True}
    source = flow(
        log("a", **off), seq("g", log("b"), **off), seq("h", log("c", **off)), log("d"), errors=[log("e", **off)]
    )
    assert run(runtime, source).states() == {"h": "SUCCESS", "d": "SUCCESS"}


def test_a_flow_of_nothing_succeeds(runtime: Runtime) -> None:
    ran = run(runtime, flow(log("a", disabled=True)))
    assert (ran.state, ran.states()) == ("SUCCESS", {})
    assert ran.history == ["CREATED", "RUNNING", "SUCCESS"]


# ---- side by side


def test_a_task_in_flight_beside_a_failure_is_recorded_when_it_ends(runtime: Runtime) -> None:
    gate = Gate()

    def after_the_other(context: RunContext) -> None:
        gate.await_begun()
        raise ValueError("broken")

    source = flow(par("both", probe("slow", gate), probe("bad", after_the_other)), log("next"), errors=[log("handler")])
    execution = start(runtime, source)
    ran = end_of(runtime, execution.id)
    assert ran.state == "FAILED"
    assert ran.states() == {"both": "FAILED", "slow": "RUNNING", "bad": "FAILED", "handler": "SUCCESS"}
    gate.open.set()
    runtime.machines.close(10)
    late = look(runtime, execution.id)
    assert late.run("slow").state.current == "SUCCESS"
    assert late.state == "FAILED"


@pytest.mark.parametrize(
    "around",
    [
        lambda *tasks: par("both", *tasks),
        lambda *tasks: par("both", *tasks, concurrent=2),
        lambda *tasks: each_parallel("both", ["a"], *tasks),
        lambda *tasks: each("both", ["a"], par("inner", *tasks), concurrencyLimit=0),
    ],
    ids=["Parallel", "Parallel with a limit", "EachParallel", "in ForEach"],
)
def test_nothing_that_waits_stays_open_beside_a_failure(runtime: Runtime, around: Any) -> None:
    gate = Gate()
    waiting = seq("group", seq("deep", fail("retried", retry=constant("PT1H"))), log("never"))

    def when_it_waits(_context: RunContext) -> None:
        gate.await_begun()
        raise ValueError("broken")

    told = runtime.worker.handle

    def handle(payload: Any) -> Any:
        try:
            return told(payload)
        finally:
            if (call := read_call(payload)).op == "settle" and call.task_id == "retried":
                gate.begun.release()

    runtime.worker.handle = handle  # type: ignore[method-assign]
    ran = run(runtime, flow(around(waiting, probe("bad", when_it_waits))))
    assert ran.state == "FAILED"
    open_runs = {name for name, state in ran.states().items() if state not in ("FAILED", "KILLED")}
    assert open_runs == set()
    assert ran.run("group").state.current == "KILLED"
    assert ran.attempts("retried") == ["FAILED"]


def test_a_retry_that_begins_to_wait_after_the_failure_does_not_stay_open(runtime: Runtime) -> None:
    gate = Gate()

    def fails_late(context: RunContext) -> None:
        gate(context)
        raise ValueError("broken")

    def fails_first(_context: RunContext) -> None:
        gate.await_begun()
        raise ValueError("broken")

    late = seq("group", probe("late", fails_late, retry=constant("PT1H")))
    execution = start(runtime, flow(par("both", late, probe("first", fails_first))))
    assert end_of(runtime, execution.id).state == "FAILED"
    gate.open.set()
    runtime.machines.close(10)
    ran = look(runtime, execution.id)
    assert ran.states() == {"both": "FAILED", "group": "KILLED", "late": "KILLED", "first": "FAILED"}
    assert ran.state == "FAILED"
    assert ran.history == ["CREATED", "RUNNING", "FAILED"]


def test_a_restart_takes_up_what_was_cut_short(tmp_path: Path) -> None:
    with engine(tmp_path, clock=SkippingClock(automatic=False)) as runtime:
        flaky, first = Flaky(1), Gate()
        told = runtime.worker.handle

        def handle(payload: Any) -> Any:
            try:
                return told(payload)
            finally:
                if (call := read_call(payload)).op == "settle" and call.task_id == "again":
                    first.begun.release()

        failures = iter([ValueError("broken")])

        def fails_once(_context: RunContext) -> None:
            for failure in failures:
                first.await_begun()
                raise failure

        runtime.worker.handle = handle  # type: ignore[method-assign]
        waiting = seq("group", probe("again", flaky, retry=constant("PT1H", maxAttempts=2)), log("then"))
        failed = run(runtime, flow(par("both", waiting, probe("once", fails_once))))
        assert failed.states() == {"both": "FAILED", "group": "KILLED", "again": "KILLED", "once": "FAILED"}
        restart(runtime.life, failed.id)
        ran = end_of(runtime, failed.id)
        assert ran.state == "SUCCESS"
        assert set(ran.states().values()) == {"SUCCESS"}
        assert len(ran.states()) == 5


def test_errors_of_a_parallel_loop_run(runtime: Runtime) -> None:
    """Kestra 0.21 hangs here."""
    loop = each("loop", ["a", "b"], fail("f"), errors=[log("local")], concurrencyLimit=2)
    ran = run(runtime, flow(loop))
    assert ran.state == "FAILED"
    assert ran.run("local").state.current == "SUCCESS"
    assert ran.run("local").value is None


# ---- time-outs


def test_an_attempt_that_takes_too_long_fails(runtime: Runtime) -> None:
    ran = run(runtime, flow(sleep("a", "PT1M", timeout="PT0.05S"), log("b")))
    assert ran.states() == {"a": "FAILED"}
    timed_out = [entry for entry in ran.logs if "Timeout" in entry["message"]]
    assert [entry["level"] for entry in timed_out] == ["ERROR", "TRACE"]
    assert timed_out[0]["message"] == "Timeout after 00:00:00.050"


def test_a_timeout_counts_for_each_attempt(tmp_path: Path) -> None:
    with engine(tmp_path, clock=SkippingClock()) as runtime:
        retry = constant(maxAttempts=2)
        ran = run(runtime, flow(sleep("a", "PT1M", timeout="{{ 'PT0.05S' }}", retry=retry)))
        assert ran.attempts("a") == ["FAILED", "FAILED"]


def test_a_timeout_that_cannot_be_rendered_fails(runtime: Runtime) -> None:
    ran = run(runtime, flow(log("a", timeout="{{ 'soon' }}"), allow("g", log("b", timeout="{{ nobody }}"))))
    assert ran.states() == {"a": "FAILED"}


# ---- outputs


def test_flow_outputs_that_cannot_be_rendered_fail_the_execution(runtime: Runtime) -> None:
    ran = run(runtime, flow(log("a"), outputs=[{"id": "o", "type": "STRING", "value": "{{ outputs.nobody }}"}]))
    assert ran.history == ["CREATED", "RUNNING", "SUCCESS", "FAILED"]
    assert ran.execution.outputs is None
    assert any(each_["message"].startswith("Failed to render output values") for each_ in ran.logs)


def test_flow_outputs_are_rendered_when_it_failed(runtime: Runtime) -> None:
    outputs = [{"id": "o", "type": "STRING", "value": "{{ outputs.a.value }}"}]
    ran = run(runtime, flow(ret("a", "x"), fail("b"), outputs=outputs))
    assert (ran.state, ran.execution.outputs) == ("FAILED", {"o": "x"})


def test_large_outputs_lie_beside_the_table_and_nobody_notices(runtime: Runtime) -> None:
    def large(_context: RunContext) -> dict[str, Any]:
        return {"text": "x" * 50_000}

    ran = run(
        runtime,
        flow(probe("a", large), ret("b", "{{ outputs.a.text | length }}"), when("c", "{{ outputs.a.text }}", log("d"))),
    )
    assert (ran.run("b").outputs or {})["value"] == "50000"
    stored = ran.run("a")
    assert stored.outputs is None
    assert stored.progress.outputs_uri is not None
    joined = runtime.worker._ports.large_outputs.joined(stored)
    assert joined.outputs == {"text": "x" * 50_000}


# ---- an invocation that ends, as on AWS


@pytest.fixture
def ending(tmp_path: Path) -> Iterator[Runtime]:
    """A runtime whose invocations have six seconds, of which five are kept back."""

    def with_deadline(handle: Handle) -> Handle:
        def deliver(payload: Mapping[str, Any]) -> dict[str, Any]:
            worker = handle.__self__  # type: ignore[attr-defined]
            answer: dict[str, Any] = Worker.handle(worker, payload, datetime.now(UTC) + timedelta(seconds=6))
            return answer

        return deliver

    with engine(tmp_path, around=Around(handle=with_deadline)) as started:
        yield started


@pytest.mark.parametrize(
    ("own", "told"), [({}, ""), ({"timeout": "PT20M"}, "its timeout of 00:20:00.000 cannot be met")]
)
def test_a_task_that_outlives_its_invocation_fails_and_tells_the_limit(
    ending: Runtime, own: dict[str, Any], told: str
) -> None:
    ran = run(ending, flow(probe("work", Gate(), **own)))
    assert ran.states() == {"work": "FAILED"}
    (message,) = ran.logged("work", "ERROR")
    assert message.startswith("Timeout after 00:00:00.9")
    assert "15 minutes at the most" in message
    assert told in message


def test_a_timeout_that_is_sooner_counts(ending: Runtime) -> None:
    ran = run(ending, flow(probe("work", Gate(), timeout="PT0.2S")))
    assert ran.logged("work", "ERROR") == ["Timeout after 00:00:00.200"]


def test_a_sleep_that_is_longer_than_its_invocation_fails_at_once(ending: Runtime) -> None:
    ran = run(ending, flow(sleep("long", "PT20M")))
    assert ran.states() == {"long": "FAILED"}
    (message,) = ran.logged("long", "ERROR")
    assert message.startswith("PT20M is longer than this task may run")
    assert "Pause" in message
