from __future__ import annotations

import logging
import threading
import time
from typing import Any

import pytest

from machines.constructs.case import machine, mapping, parallel, passing, task
from machines.interpreter.harness import PATIENCE, Gate, engine
from thermik.clock import SystemClock
from thermik.local.interpreter import (
    Engine,
    EngineClosed,
    ExecutionDoesNotExist,
    ExecutionExists,
    InterpreterError,
    InvalidDefinition,
    SkippingClock,
    Status,
)
from thermik.local.interpreter import engine as engine_module

DAY = {"Type": "Wait", "Seconds": 86_400}


def test_an_execution_is_described_from_start_to_end() -> None:
    gate = Gate()
    with engine(gate) as own:
        own.engine.start(machine(t=task("f")), "e", {"a": 1})
        gate.await_call()
        running = own.engine.describe("e")
        assert running is not None
        assert (running.status, running.ended, own.ended) == (Status.RUNNING, None, [])
        gate.open.set()
        ended = own.engine.wait("e", PATIENCE)
        assert ended.status is Status.SUCCEEDED
        assert ended.ended is not None
        assert ended.started <= ended.ended
        assert own.engine.describe("e") == ended
        assert own.ended == [ended]


def test_a_name_is_used_once() -> None:
    with engine() as own:
        own.engine.start(machine(w=DAY), "e", {})
        with pytest.raises(ExecutionExists):
            own.engine.start(machine(p=passing()), "e", {})
        own.engine.stop("e")
        with pytest.raises(ExecutionExists):
            own.engine.start(machine(p=passing()), "e", {})


def test_many_starts_of_one_name_give_one_execution() -> None:
    calls: list[Any] = []
    with engine(lambda _function, payload: calls.append(payload)) as own:
        refused: list[Exception] = []

        def start() -> None:
            try:
                own.engine.start(machine(t=task("f")), "e", {})
            except ExecutionExists as error:
                refused.append(error)

        threads = [threading.Thread(target=start) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        own.engine.wait("e", PATIENCE)
        assert (len(refused), len(calls)) == (7, 1)


def test_what_cannot_be_started() -> None:
    with engine() as own:
        with pytest.raises(InvalidDefinition):
            own.engine.start("{}", "e", {})
        with pytest.raises(InterpreterError, match="exceeding"):
            own.engine.start(machine(p=passing()), "e", {"x": "x" * 300_000})
        with pytest.raises(InterpreterError, match="no JSON"):
            own.engine.start(machine(p=passing()), "e", {"x": object()})
        assert own.engine.describe("e") is None


def test_unknown_names() -> None:
    with engine() as own:
        assert own.engine.describe("no") is None
        assert own.engine.stop("no") is False
        for ask in (own.engine.wait, own.engine.history):
            with pytest.raises(ExecutionDoesNotExist):
                ask("no")


def test_waiting_has_an_end() -> None:
    with engine() as own:
        own.engine.start(machine(w=DAY), "e", {})
        with pytest.raises(TimeoutError, match="'w'"):
            own.engine.wait("e", 0.01)


def test_a_stopped_execution_starts_nothing_more() -> None:
    gate = Gate()
    with engine(gate) as own:
        own.engine.start(machine(a=task("f", {"n": "a"}), b=task("f", {"n": "b"})), "e", {})
        gate.await_call()
        assert own.engine.stop("e", "Stopped", "by the test") is True
        assert own.engine.stop("e") is False
        gate.open.set()
        ended = own.engine.wait("e", PATIENCE)
        assert (ended.status, ended.error, ended.cause) == (Status.ABORTED, "Stopped", "by the test")
    assert gate.payloads == [{"n": "a"}]
    assert [status.status for status in own.ended] == [Status.ABORTED]


def test_a_stop_reaches_every_branch() -> None:
    waiting = machine(m=mapping(machine(p=parallel(machine(w1=DAY), machine(w2=DAY)))))
    with engine() as own:
        own.engine.start(waiting, "e", [1, 2, 3])
        assert len(own.engine._timers._heap._entries) == 6
        own.engine.stop("e")
        assert own.engine._timers._heap.earliest() is None


def test_ended_executions_are_forgotten_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "KEPT", 3)
    with engine() as own:
        for name in "abcde":
            own.run(machine(p=passing()), name=name)
        assert [own.engine.describe(name) is not None for name in "abcde"] == [False, False, True, True, True]
        own.run(machine(p=passing()), name="a")


def test_an_internal_error_ends_its_execution_only(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("a fault of the interpreter")

    with engine() as own:
        own.engine.start(machine(w={"Type": "Wait", "Seconds": 0}, p=passing()), "other", {})
        own.engine.wait("other", PATIENCE)
        with monkeypatch.context() as patch, caplog.at_level(logging.CRITICAL):
            patch.setattr("thermik.local.interpreter.steps.leave", broken)
            failed = own.run(machine(p=passing()), name="e")
        assert (failed.status, failed.error) == (Status.FAILED, "States.Runtime")
        assert "ZeroDivisionError" in str(failed.cause)
        assert own.run(machine(p=passing()), name="next").status is Status.SUCCEEDED


def test_a_listener_that_fails_does_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    def listen(_: Any) -> None:
        raise ValueError("not interested")

    own = Engine(lambda _function, _payload: None, clock=SystemClock(), workers=1, on_status=listen)
    own.start(machine(p=passing()), "e", {})
    assert own.wait("e", PATIENCE).status is Status.SUCCEEDED
    assert "not interested" in caplog.text
    own.close(timeout=1)


def test_a_listener_may_start_executions() -> None:
    holder: list[Engine] = []

    def listen(status: Any) -> None:
        if status.name == "first":
            holder[0].start(machine(t=task("f")), "second", {})

    holder.append(Engine(lambda _function, _payload: None, clock=SystemClock(), workers=1, on_status=listen))
    holder[0].start(machine(t=task("f")), "first", {})
    holder[0].wait("first", PATIENCE)
    assert holder[0].wait("second", PATIENCE).status is Status.SUCCEEDED
    holder[0].close(timeout=1)


class _Named(Exception):
    error_type = "Custom.Name"


@pytest.mark.parametrize(
    ("raised", "error"),
    [(_Named("m"), "Custom.Name"), (KeyError("m"), "KeyError"), (SystemExit("m"), "SystemExit")],
)
def test_a_functions_error_is_named_as_lambda_does(raised: BaseException, error: str) -> None:
    def fail(_function: str, _payload: Any) -> None:
        raise raised

    with engine(fail, workers=1) as own:
        ended = own.run(machine(t=task("f")))
        assert ended.error == error
        assert f'"errorType":"{error}"' in str(ended.cause)
        assert own.run(machine(t=task("f")), name="again").error == error


def test_a_result_that_is_no_json_is_a_marshal_error() -> None:
    with engine(lambda _function, _payload: {1, 2}) as own:
        assert own.run(machine(t=task("f"))).error == "Runtime.MarshalError"


def test_functions_share_nothing_with_the_execution() -> None:
    kept: list[Any] = []

    def meddle(_function: str, payload: Any) -> Any:
        payload["list"].append("meddled")
        kept.append({"r": [1]})
        return kept[-1]

    with engine(meddle) as own:
        looped = machine(
            t=task("f", ResultSelector={"r.$": "$.Payload.r"}, ResultPath="$.t"), u=task("f", ResultPath=None)
        )
        data = {"list": []}
        own.engine.start(looped, "e", data)
        kept_output = own.engine.wait("e", PATIENCE).output
        kept[0]["r"].append(2)
        assert kept_output == {"list": [], "t": {"r": [1]}}
        assert data == {"list": []}


def test_closing_lets_running_functions_end_and_starts_nothing_more() -> None:
    gate = Gate()
    with engine(gate, workers=1) as own:
        own.engine.start(machine(a=task("f"), b=task("f")), "e", {})
        own.engine.start(machine(c=task("f")), "queued", {})
        gate.await_call()
        closing = threading.Thread(target=own.engine.close, kwargs={"timeout": PATIENCE})
        closing.start()
        while not own.engine._pool._closed:
            time.sleep(0.001)
        gate.open.set()
        closing.join(PATIENCE)
        assert not closing.is_alive()
        assert not any(thread.is_alive() for thread in own.engine._pool._threads)
        with pytest.raises(EngineClosed):
            own.engine.start(machine(p=passing()), "late", {})
    assert len(gate.payloads) == 1


def test_closing_does_not_wait_for_ever() -> None:
    gate = Gate()
    own = Engine(gate, clock=SystemClock(), workers=1)
    own.start(machine(a=task("f")), "e", {})
    gate.await_call()
    own.close(timeout=0.05)
    gate.open.set()


def test_states_are_traced_in_order() -> None:
    with engine(clock=SkippingClock()) as own:
        own.run(
            machine(a=passing(), m=mapping(machine(i=passing()), MaxConcurrency=1), z={"Type": "Wait", "Seconds": 9}),
            [7, 8],
        )
        assert [(line.state, line.path) for line in own.engine.history("e")] == [
            ("a", ()),
            ("m", ()),
            ("i", (0,)),
            ("i", (1,)),
            ("z", ()),
        ]
