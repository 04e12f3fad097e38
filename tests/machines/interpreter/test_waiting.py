from __future__ import annotations

import gc
import resource
import sys
import threading
import time
import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from machines.constructs.case import holding, machine, parallel, task
from machines.interpreter.harness import PATIENCE, engine
from thermik.clock import SystemClock
from thermik.local.interpreter import SkippingClock, Status
from thermik.local.interpreter.timers import HeapTimers, TimerHeap

WAIT = {"Type": "Wait", "Seconds": 86_400}


def test_a_skipping_clock_passes_every_wait_in_order() -> None:
    clock = SkippingClock()
    order: list[str] = []
    branches = [
        machine(**{f"w{days}": {"Type": "Wait", "Seconds": days * 86_400}, f"t{days}": task(f"{days}")})
        for days in (3, 1, 2)
    ]
    began = clock.now()
    with engine(lambda function, _payload: order.append(function), clock=clock) as own:
        assert own.run(machine(p=parallel(*branches))).status is Status.SUCCEEDED
    assert order == ["1", "2", "3"]
    assert timedelta(days=3) <= clock.now() - began < timedelta(days=3, minutes=5)


def test_waiting_until_an_instant() -> None:
    clock = SkippingClock()
    until = (datetime.now(UTC) + timedelta(hours=5)).replace(microsecond=250_000)
    data = {"at": until.isoformat()}
    with engine(clock=clock) as own:
        own.run(machine(w={"Type": "Wait", "TimestampPath": "$.at"}), data)
        ended = own.engine.describe("e")
    assert ended is not None
    assert ended.ended is not None
    assert until <= ended.ended < until + timedelta(minutes=1)


def test_the_machines_time_out_ends_everything() -> None:
    with engine(clock=SkippingClock()) as own:
        ended = own.run(machine(timeout=60, p=parallel(machine(w=WAIT), machine(h=holding("f")))))
        assert (ended.status, ended.error) == (Status.TIMED_OUT, "States.Timeout")
        assert own.engine._host.tokens == {}
        assert own.clock is not None
        assert own.clock._heap.earliest() is None


def test_a_time_out_while_the_function_runs() -> None:
    release = threading.Event()

    def slow(function: str, payload: Any) -> Any:
        if function == "slow":
            assert release.wait(PATIENCE)
        return payload

    caught = task("slow", TimeoutSeconds=1, Catch=[{"ErrorEquals": ["States.Timeout"], "Next": "b"}])
    with engine(slow, workers=2) as own:
        ended = own.run(machine(a=caught, b=task("f", {"from": "b"}, OutputPath="$.Payload")))
        release.set()
        assert ended.output == {"from": "b"}


def test_a_time_out_begins_with_the_invocation_not_in_the_queue() -> None:
    clock = SkippingClock(automatic=False)
    gate = threading.Event()

    def invoke(function: str, payload: Any) -> Any:
        if function == "first":
            assert gate.wait(PATIENCE)
        return payload

    with engine(invoke, clock=clock, workers=1) as own:
        own.engine.start(machine(a=task("first")), "first", {})
        own.engine.start(machine(b=task("second", TimeoutSeconds=1)), "second", {})
        assert clock._heap.earliest() is None
        gate.set()
        assert own.engine.wait("second", PATIENCE).status is Status.SUCCEEDED


@pytest.mark.parametrize("kind", ["timer", "token"])
def test_waiting_executions_cost_little_and_no_thread(kind: str) -> None:
    definition = machine(w=WAIT) if kind == "timer" else machine(h=holding("f", TimeoutSeconds=1000))
    count = 2_000
    with engine(lambda _function, _payload: None, workers=2) as own:
        own.engine._trace = False
        own.engine.start(definition, "warm", {})
        gc.collect()
        tracemalloc.start()
        for number in range(count):
            own.engine.start(definition, f"e{number}", {"e": f"e{number}"})
        while own.engine._pool._load:
            time.sleep(0.001)
        gc.collect()
        each = tracemalloc.get_traced_memory()[0] / count
        tracemalloc.stop()
        assert each < 5_000
        assert len(own.engine._pool._threads) + (own.engine._timers._thread is not None) <= 3


def test_an_idle_engine_uses_no_processor() -> None:
    with engine() as own:
        own.run(machine(t=task("f")))
        own.engine.start(machine(w=WAIT), "waiting", {})
        time.sleep(0.05)
        before = resource.getrusage(resource.RUSAGE_SELF)
        time.sleep(0.5)
        after = resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert used < 0.1


def test_cancelled_timers_are_swept() -> None:
    heap = TimerHeap()
    kept = [heap.push(1000 + number, lambda: None) for number in range(10)]
    for _ in range(1_000):
        heap.push(5, lambda: None).cancel()
    assert len(heap._entries) < 200
    assert heap.earliest() == 1000
    for timer in kept:
        timer.cancel()
        timer.cancel()
    assert heap.earliest() is None


def test_timers_run_in_order_and_never_early() -> None:
    clock = SystemClock()
    timers = HeapTimers(clock)
    ran: list[tuple[float, float]] = []
    done = threading.Event()
    now = clock.now().timestamp()

    def note(due: float) -> None:
        ran.append((due, clock.now().timestamp()))
        if len(ran) == 4:
            done.set()

    for due in (now + 0.15, now + 0.05, now - 5, now + 0.1):
        timers.at(due, lambda due=due: note(due))
    assert done.wait(PATIENCE)
    timers.close()
    assert [due for due, _ in ran] == sorted(due for due, _ in ran)
    assert all(due <= at for due, at in ran)


def test_a_timers_failing_action_leaves_the_others(caplog: pytest.LogCaptureFixture) -> None:
    timers = HeapTimers(SystemClock())
    done = threading.Event()
    timers.at(0, lambda: sys.intern(None))  # type: ignore[arg-type]
    timers.at(1, done.set)
    assert done.wait(PATIENCE)
    timers.close()
    assert "action failed" in caplog.text


def test_a_closed_clock_runs_nothing() -> None:
    timers = HeapTimers(SystemClock())
    ran: list[int] = []
    timers.close()
    timers.at(0, lambda: ran.append(1))
    assert ran == []
    assert timers._thread is None
