"""Every operation can be repeated: delivered twice, at once or one after the other, or with its answer lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from engine.probe import probe
from engine.running import Around, Handle, Ran, end_of, engine, look, run
from engine.sources import allow, each, fail, flow, log, par, ret, seq, switch, when
from thermik.executions.marking import change_task_run_state
from thermik.executions.state import StateType
from thermik.local.interpreter import SkippingClock
from thermik.tasks.runnable import RunContext
from thermik.worker.call import Busy, Stopped, read_call

Payload = Mapping[str, Any]


class Counted:
    """Work that counts its runs by task run."""

    def __init__(self) -> None:
        self.runs: Counter[str] = Counter()

    def __call__(self, context: RunContext) -> dict[str, Any]:
        self.runs[context.task_run_id] += 1
        return {"n": len(self.runs)}


def source(work: Counted) -> str:
    retried = fail(
        "retried", condition="{{ taskrun.attemptsCount < 1 }}", retry={"type": "constant", "interval": "PT1M"}
    )
    return flow(
        probe("a", work),
        retried,
        seq("group", log("b"), when("check", "true", probe("c", work))),
        each(
            "loop",
            ["1", "2"],
            probe("d", work),
            switch("sort", "{{ taskrun.value }}", cases={"1": [ret("e")]}, defaults=[ret("f")]),
        ),
        each("at_once", ["1", "2", "3"], probe("g", work), concurrencyLimit=0),
        par("both", probe("h", work), probe("i", work), concurrent=1),
        allow("tolerant", fail("j"), errors=[probe("k", work)]),
        seq("skipped", log("never"), runIf="false"),
        switch("unopened", "x", cases={"y": [log("unseen")]}, allowFailure=True),
        seq("broken", fail("l"), errors=[probe("m", work)], **{"finally": [probe("n", work)]}),
        errors=[probe("o", work)],
        outputs=[{"id": "x", "type": "INT", "value": "{{ outputs.a.n }}"}],
        **{"finally": [probe("p", work)], "afterExecution": [probe("q", work)]},
    )


def one_after_the_other(handle: Handle) -> Handle:
    """The answer of the first delivery is lost; the machine sees that of the second."""

    def twice(payload: Payload) -> dict[str, Any]:
        with suppress(Exception):  # lost, whatever it was
            handle(payload)
        return handle(payload)

    return twice


def at_once(handle: Handle) -> Handle:
    """Two deliveries race; the machine sees the first answer that is not that the other one is at work."""
    pool = ThreadPoolExecutor(32)

    def both(payload: Payload) -> dict[str, Any]:
        deliveries = [pool.submit(handle, payload) for _ in range(2)]
        answers = [(each_delivery.exception(), each_delivery) for each_delivery in deliveries]
        told = [each_delivery for error, each_delivery in answers if not isinstance(error, Busy)]
        answer = (told or deliveries)[0]
        return answer.result()

    return both


def undisturbed(tmp_path: Path) -> Ran:
    with engine(tmp_path / "undisturbed", clock=SkippingClock()) as runtime:
        ran = run(runtime, source(Counted()))
    assert ran.state == "FAILED"
    assert len(ran.task_runs) == 32
    return ran


def check(work: Counted, ran: Ran, expected: Ran) -> None:
    assert ran.states() == expected.states()
    assert ran.history == expected.history
    assert ran.execution.outputs == expected.execution.outputs
    assert set(work.runs.values()) == {1}, "a task was run twice"
    for task_run in ran.task_runs:
        assert len(task_run.attempts or ()) == len(expected.run(task_run.task_id, task_run.value).attempts or ())


@pytest.mark.parametrize("delivered", [one_after_the_other], ids=lambda each_way: each_way.__name__)
def test_what_is_delivered_twice_is_done_once(tmp_path: Path, delivered: Callable[[Handle], Handle]) -> None:
    expected, work = undisturbed(tmp_path), Counted()
    with engine(tmp_path / "twice", clock=SkippingClock(), around=Around(handle=delivered)) as runtime:
        check(work, run(runtime, source(work)), expected)


def test_what_is_delivered_twice_at_once_is_done_once(tmp_path: Path) -> None:
    """The delivery that loses a race answers Stopped; then the machine ends and the winner's result stays."""
    work = Counted()
    with engine(tmp_path / "twice", clock=SkippingClock(), around=Around(handle=at_once)) as runtime:
        ran = run(runtime, source(work))
    assert set(work.runs.values()) == {1}, "a task was run twice"
    for task_run in ran.task_runs:
        assert len(task_run.attempts or ()) <= (2 if task_run.task_id == "retried" else 1)


class Lost(Exception):
    """The answer did not come; what was asked for was done."""


LOSING = ("run", "open", "close", "settle", "finish")


@pytest.mark.parametrize("operation", LOSING)
@pytest.mark.parametrize("error", ["Lambda.SdkClientException", "Lambda.Unknown"])
def test_a_lost_answer_changes_nothing(tmp_path: Path, operation: str, error: str) -> None:
    """Each operation of the kind is carried out, and its first answer lost: once as a network's, once as any error."""
    expected, work, lost = undisturbed(tmp_path), Counted(), set()

    def losing(handle: Handle) -> Handle:
        def handle_and_lose(payload: Payload) -> dict[str, Any]:
            call = read_call(payload)
            called = (call.op, call.task_id, call.scope)
            try:
                answer = handle(payload)
            finally:
                first = call.op == operation and called not in lost
                lost.add(called)
                if first:
                    failure = Lost("the connection broke")
                    failure.error_type = error  # type: ignore[attr-defined]
                    raise failure
            return answer

        return handle_and_lose

    with engine(tmp_path / "lost", clock=SkippingClock(), around=Around(handle=losing)) as runtime:
        check(work, run(runtime, source(work)), expected)


def test_what_an_old_machine_asks_after_a_restart_does_nothing_and_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[Payload] = []

    def keeping(handle: Handle) -> Handle:
        def deliver(payload: Payload) -> dict[str, Any]:
            asked.append(payload)
            return handle(payload)

        return deliver

    work = Counted()
    source = flow(log("a"), fail("b"), errors=[probe("handler", work)], afterExecution=[probe("last", work)])
    with engine(tmp_path, around=Around(handle=keeping)) as runtime:
        first = run(runtime, source)
        old = list(asked)
        change_task_run_state(runtime.life, first.id, first.run("b").id, StateType.SUCCESS)
        before = end_of(runtime, first.id)
        work.runs.clear()
        for payload in old:
            with pytest.raises(Stopped):
                runtime.worker.handle(payload)
        assert look(runtime, first.id) == before
    assert not work.runs
    assert [each["t"] for each in old if f"of task '{each['t']}' came too late" not in caplog.text] == []


def test_what_comes_late_to_an_iteration_that_a_loop_has_left_does_nothing(tmp_path: Path) -> None:
    asked: list[Payload] = []
    work = Counted()

    def late(handle: Handle) -> Handle:
        def deliver(payload: Payload) -> dict[str, Any]:
            scope = read_call(payload).scope
            if scope is not None and scope.turn == 1:
                asked.append(payload)
            elif scope is not None and payload["t"] == "a":
                for each_payload in asked:
                    with pytest.raises(Stopped):
                        handle(each_payload)
            return handle(payload)

        return deliver

    parallel = each("none", [], log("never"), concurrencyLimit=2, **{"finally": [probe("c", work)]})
    loop = {
        "id": "loop",
        "type": "io.kestra.plugin.core.flow.LoopUntil",
        "condition": "{{ outputs.loop.iterationCount == 2 }}",
        "tasks": [probe("a", work), seq("group", probe("b", work)), parallel],
    }
    with engine(tmp_path, clock=SkippingClock(), around=Around(handle=late)) as runtime:
        ran = run(runtime, flow(loop))
    assert {payload["t"] for payload in asked} >= {"a", "b", "c", "group", "none"}
    assert set(work.runs.values()) == {1}
    assert list(ran.states()) == ["loop", "a", "group", "b", "none", "c"]


def test_what_a_loop_leaves_between_a_look_and_a_write_is_not_made_again(tmp_path: Path) -> None:
    going_on: list[Callable[[], Any]] = []
    refused: list[Exception] = []
    work = Counted()

    class Overtaken:
        """A table whose loop goes on to the next iteration right before a write."""

        def __init__(self, table: Any) -> None:
            self._table = table

        def __getattr__(self, name: str) -> Any:
            return getattr(self._table, name)

        def write(self, *writes: Any) -> None:
            while going_on:
                going_on.pop()()
            self._table.write(*writes)

    def overtaken(handle: Handle) -> Handle:
        def deliver(payload: Payload) -> dict[str, Any]:
            call = read_call(payload)
            if call.op == "run" and call.scope is not None and not refused:
                loop, execution_id = call.scope.run, call.execution_id
                change = runtime.life.executions.change_task_run
                going_on.append(lambda: change(execution_id, loop, lambda each_run: each_run.with_progress(turn=2)))
                for _ in range(2):
                    with pytest.raises((Busy, Stopped)) as told:
                        handle(payload)
                    refused.append(told.value)
            return handle(payload)

        return deliver

    loop = {"id": "loop", "type": "io.kestra.plugin.core.flow.LoopUntil", "condition": "true"}
    loop["tasks"] = [seq("group", probe("a", work), ret("b"))]
    around = Around(table=Overtaken, handle=overtaken)  # type: ignore[arg-type,return-value]
    with engine(tmp_path, clock=SkippingClock(), around=around) as runtime:
        ran = run(runtime, flow(loop))
    assert [type(error) for error in refused] == [Busy, Stopped]
    assert not work.runs
    assert "a" not in ran.states()


def test_a_machine_that_tells_no_generation_is_not_turned_away(tmp_path: Path) -> None:
    def untold(handle: Handle) -> Handle:
        return lambda payload: handle(
            {**payload, "c": {name: each for name, each in payload["c"].items() if name != "g"}}
        )

    with engine(tmp_path, around=Around(handle=untold)) as runtime:
        first = run(runtime, flow(log("a"), fail("b")))
        change_task_run_state(runtime.life, first.id, first.run("b").id, StateType.SUCCESS)
        assert end_of(runtime, first.id).state == "SUCCESS"
