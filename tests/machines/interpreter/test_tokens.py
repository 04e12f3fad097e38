from __future__ import annotations

import threading
from typing import Any

import pytest

from machines.constructs.case import holding, machine, parallel, passing, task
from machines.interpreter.harness import PATIENCE, Gate, engine
from thermik.local.interpreter import InterpreterError, SkippingClock, Status, TaskDoesNotExist, TaskTimedOut


class Inbox:
    """A function that hands its token out."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self._came = threading.Semaphore(0)

    def __call__(self, _function: str, payload: Any) -> None:
        self.tokens.append(payload["token"])
        self._came.release()

    def token(self) -> str:
        assert self._came.acquire(timeout=PATIENCE)
        return self.tokens[-1]


def test_an_answer_ends_the_state() -> None:
    inbox = Inbox()
    with engine(inbox) as own:
        own.engine.start(machine(h=holding("f")), "e", {})
        own.engine.send_task_success(inbox.token(), {"a": 1})
        assert own.engine.wait("e", PATIENCE).output == {"a": 1}


def test_an_answer_counts_before_the_invocation_has_returned() -> None:
    gate = Gate()
    with engine(gate) as own:
        own.engine.start(machine(h=holding("f"), p=passing()), "e", {})
        own.engine.send_task_success(gate.await_call()["token"], 5)
        assert own.engine.wait("e", PATIENCE).output == 5
        gate.open.set()


def test_a_function_that_fails_after_its_answer_changes_nothing() -> None:
    def answer_and_fail(_function: str, payload: Any) -> None:
        own.engine.send_task_success(payload["token"], "answered")
        raise ValueError("too late")

    with engine(answer_and_fail) as own:
        assert own.run(machine(h=holding("f"))).output == "answered"


def test_a_function_that_fails_before_its_answer_ends_the_wait() -> None:
    inbox = Inbox()

    def fail(function: str, payload: Any) -> None:
        inbox(function, payload)
        raise ValueError("no answer will come")

    with engine(fail) as own:
        assert own.run(machine(h=holding("f"))).error == "ValueError"
        with pytest.raises(TaskTimedOut):
            own.engine.send_task_success(inbox.token(), 1)


def test_a_second_answer_is_refused() -> None:
    inbox = Inbox()
    with engine(inbox) as own:
        own.engine.start(machine(h=holding("f"), w={"Type": "Wait", "Seconds": 1000}), "e", {})
        token = inbox.token()
        own.engine.send_task_success(token, 1)
        for send in (
            lambda: own.engine.send_task_success(token, 2),
            lambda: own.engine.send_task_failure(token, "E", "c"),
            lambda: own.engine.send_task_heartbeat(token),
        ):
            with pytest.raises(TaskTimedOut):
                send()


def test_an_unknown_token_is_refused() -> None:
    with engine() as own, pytest.raises(TaskDoesNotExist):
        own.engine.send_task_success("nobody's", 1)


def test_an_answer_that_is_too_large_is_refused_and_may_be_sent_again() -> None:
    inbox = Inbox()
    with engine(inbox) as own:
        own.engine.start(machine(h=holding("f")), "e", {})
        token = inbox.token()
        with pytest.raises(InterpreterError, match="exceeding"):
            own.engine.send_task_success(token, "x" * 300_000)
        own.engine.send_task_success(token, "x")
        assert own.engine.wait("e", PATIENCE).output == "x"


def test_a_stopped_executions_token_has_ended() -> None:
    inbox = Inbox()
    with engine(inbox) as own:
        own.engine.start(machine(h=holding("f")), "e", {})
        token = inbox.token()
        own.engine.stop("e")
        with pytest.raises(TaskTimedOut):
            own.engine.send_task_failure(token, "E", "c")
        assert own.engine._host.tokens == {}


def test_a_siblings_failure_ends_the_token() -> None:
    inbox = Inbox()

    def invoke(function: str, payload: Any) -> None:
        if function == "boom":
            raise ValueError(inbox.token())
        inbox(function, payload)

    with engine(invoke) as own:
        assert own.run(machine(p=parallel(machine(h=holding("f")), machine(t=task("boom"))))).error == "ValueError"
        with pytest.raises(TaskTimedOut):
            own.engine.send_task_success(inbox.tokens[0], 1)


def test_a_retry_has_a_token_of_its_own() -> None:
    inbox = Inbox()
    retried = machine(h=holding("f", Retry=[{"ErrorEquals": ["Again"], "IntervalSeconds": 1}]))
    with engine(inbox, clock=SkippingClock()) as own:
        own.engine.start(retried, "e", {})
        first = inbox.token()
        own.engine.send_task_failure(first, "Again", "")
        second = inbox.token()
        with pytest.raises(TaskTimedOut):
            own.engine.send_task_success(first, "first")
        own.engine.send_task_success(second, "second")
        assert own.engine.wait("e", PATIENCE).output == "second"


def test_tokens_are_all_different() -> None:
    inbox = Inbox()
    with engine(inbox) as own:
        for number in range(50):
            own.engine.start(machine(h=holding("f")), f"e{number}", {})
            inbox.token()
    assert len(set(inbox.tokens)) == 50


def test_heartbeats_put_off_the_end_but_not_the_time_out() -> None:
    clock = SkippingClock(automatic=False)
    inbox = Inbox()
    with engine(inbox, clock=clock) as own:
        own.engine.start(machine(h=holding("f", HeartbeatSeconds=60, TimeoutSeconds=100)), "e", {})
        token = inbox.token()
        began = clock.now()
        for _ in range(5):
            own.engine.send_task_heartbeat(token)
        clock.skip()
        assert own.engine.wait("e", PATIENCE).error == "States.HeartbeatTimeout"
        assert 59 < (clock.now() - began).total_seconds() < 99


def test_a_time_out_comes_at_its_time() -> None:
    clock = SkippingClock(automatic=False)
    inbox = Inbox()
    with engine(inbox, clock=clock) as own:
        own.engine.start(machine(h=holding("f", TimeoutSeconds=3600)), "e", {})
        token = inbox.token()
        began = clock.now()
        clock.skip()
        ended = own.engine.wait("e", PATIENCE)
        assert (ended.status, ended.error) == (Status.FAILED, "States.Timeout")
        assert (clock.now() - began).total_seconds() > 3590
        with pytest.raises(TaskTimedOut):
            own.engine.send_task_success(token, 1)
