from __future__ import annotations

import threading
from typing import Any

import pytest

from machines.constructs.case import holding, machine, mapping, parallel, passing, task
from machines.interpreter.harness import PATIENCE, Gate, engine
from thermik.local.interpreter import SkippingClock, Status


class Meter:
    """A function that counts how many of it run at once; none returns before so many are inside."""

    def __init__(self, together: int) -> None:
        self._barrier = threading.Barrier(together)
        self._lock = threading.Lock()
        self._inside = 0
        self.peak = 0

    def __call__(self, _function: str, payload: Any) -> Any:
        with self._lock:
            self._inside += 1
            self.peak = max(self.peak, self._inside)
        self._barrier.wait(PATIENCE)
        with self._lock:
            self._inside -= 1
        return payload


@pytest.mark.parametrize("distributed", [False, True])
def test_a_maps_concurrency_is_reached_and_not_passed(distributed: bool) -> None:
    meter = Meter(4)
    mapped = mapping(machine(t=task("f", OutputPath="$.Payload")), distributed=distributed, MaxConcurrency=4)
    with engine(meter, workers=16) as own:
        assert own.run(machine(m=mapped), list(range(40))).output == list(range(40))
    assert meter.peak == 4


def test_an_inline_map_runs_forty_items_at_once() -> None:
    tokens: list[str] = []
    came = threading.Semaphore(0)

    def keep(_function: str, payload: Any) -> None:
        tokens.append(payload["token"])
        came.release()

    with engine(keep) as own:
        own.engine.start(machine(m=mapping(machine(h=holding("f")))), "e", list(range(100)))
        for answered in range(100):
            assert came.acquire(timeout=PATIENCE)
            assert len(own.engine._host.tokens) <= 40
            own.engine.send_task_success(tokens[answered], answered)
        # The functions run side by side, so the tokens come in no order of the items.
        assert sorted(own.engine.wait("e", PATIENCE).output) == list(range(100))


def test_ten_thousand_items() -> None:
    mapped = mapping(machine(t=task("f", ResultPath=None)), distributed=True, ItemsPath="$.list", ResultPath=None)
    with engine(workers=2) as own:
        ended = own.run(machine(m=mapped), {"list": list(range(10_000))})
    assert (ended.status, ended.transitions) == (Status.SUCCEEDED, 10_001)


def test_ten_thousand_items_one_by_one_without_recursion() -> None:
    mapped = mapping(machine(p=passing()), distributed=True, MaxConcurrency=1, ItemsPath="$.list", ResultPath=None)
    with engine() as own:
        assert own.run(machine(m=mapped), {"list": list(range(10_000))}).transitions == 10_001


def test_branches_run_side_by_side() -> None:
    meter = Meter(5)
    branches = [machine(**{f"t{number}": task("f")}) for number in range(5)]
    with engine(meter, workers=5) as own:
        assert own.run(machine(p=parallel(*branches))).status is Status.SUCCEEDED


def test_a_failing_branch_stops_its_siblings_at_once() -> None:
    gate = Gate()

    def invoke(function: str, payload: Any) -> Any:
        if function == "boom":
            gate.called.acquire()
            raise ValueError("boom")
        return gate(function, payload)

    siblings = [
        machine(slow=task("slow", {"n": 1}), after=task("slow", {"n": 2})),
        machine(w={"Type": "Wait", "Seconds": 86_400}),
        machine(m=mapping(machine(i=task("slow", {"n": 3})), ItemsPath="$.list")),
    ]
    failing = machine(p=parallel(machine(t=task("boom")), *siblings, Catch=[_catch()]), end={"Type": "Succeed"})
    with engine(invoke, workers=2) as own:
        assert own.run(failing, {"list": [1, 2, 3]}).output == {"list": [1, 2, 3]}
        gate.open.set()
        own.run(machine(last=task("slow", {"n": 4})), name="after")
        assert own.engine._timers._heap.earliest() is None
    assert [payload["n"] for payload in gate.payloads] == [1, 4]


def _catch() -> dict[str, Any]:
    return {"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "end"}


def test_a_failing_item_stops_the_others() -> None:
    started: list[int] = []

    def invoke(_function: str, payload: Any) -> None:
        started.append(payload)
        if payload == 2:
            raise ValueError("boom")

    with engine(invoke, workers=1) as own:
        assert (
            own.run(machine(m=mapping(machine(t=task("f")), MaxConcurrency=3)), list(range(30))).error == "ValueError"
        )
        own.run(machine(q=task("f", {"n": 1})), name="after")
    assert started[:3] == [0, 1, 2]
    assert len(started) == 4


def test_a_retried_parallel_starts_anew() -> None:
    seen: list[Any] = []

    def invoke(function: str, payload: Any) -> None:
        seen.append((function, payload["n"]))
        if len(seen) == 1:
            raise ValueError("once")

    retried = parallel(
        machine(a=task("a", {"n.$": "$$.State.RetryCount"})),
        machine(w={"Type": "Wait", "Seconds": 500}, b=task("b", {"n": 0})),
        Retry=[{"ErrorEquals": ["ValueError"], "IntervalSeconds": 7}],
    )
    with engine(invoke, clock=SkippingClock(), workers=1) as own:
        assert own.run(machine(p=retried)).status is Status.SUCCEEDED
    assert seen == [("a", 0), ("a", 0), ("b", 0)]


def test_a_distributed_maps_items_are_executions_of_their_own() -> None:
    named = machine(
        t=passing(Parameters={"name.$": "$$.Execution.Name", "input.$": "$$.Execution.Input"}),
    )
    with engine() as own:
        output = own.run(machine(m=mapping(named, distributed=True)), [5, 6]).output
    assert output == [{"name": "e:m:0", "input": 5}, {"name": "e:m:1", "input": 6}]


def test_a_distributed_maps_items_do_not_see_the_maps_item() -> None:
    inside = machine(t=passing(Parameters={"i.$": "$$.Map.Item.Index"}))
    with engine() as own:
        assert (
            own.run(machine(m=mapping(inside, distributed=True)), [5]).error == "States.ExceedToleratedFailureThreshold"
        )
