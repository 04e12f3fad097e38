from __future__ import annotations

from typing import Any

import pytest

from machines.constructs.case import Raise, holding, machine, mapping, parallel, passing, task
from machines.interpreter.harness import engine
from thermik.local.interpreter import SkippingClock, Status

LOOP = {
    "StartAt": "a",
    "States": {"a": {"Type": "Pass", "Next": "b"}, "b": {"Type": "Pass", "Next": "a"}},
}
RETRY = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1}]


@pytest.mark.parametrize(
    ("states", "events", "transitions"),
    [
        ({"p": passing()}, 4, 1),
        ({"p": passing(), "q": passing()}, 6, 2),
        ({"t": task("echo")}, 7, 1),
        ({"t": task("fail-once", Retry=RETRY)}, 10, 2),
        ({"h": holding("answer")}, 7, 1),
        ({"w": {"Type": "Wait", "Seconds": 5}}, 4, 1),
        ({"f": {"Type": "Fail"}}, 3, 1),
        ({"p": parallel(machine(a=passing()), machine(b=passing()))}, 10, 3),
        ({"m": mapping(machine(a=passing()), ItemsPath="$.list")}, 14, 3),
        ({"m": mapping(machine(a=passing()), ItemsPath="$.list", distributed=True)}, 8, 3),
    ],
)
def test_events_and_transitions_as_aws_counts_them(states: dict[str, Any], events: int, transitions: int) -> None:
    raised: list[Raise] = []

    def invoke(function: str, payload: Any) -> Any:
        if function == "fail-once" and not raised:
            raised.append(Raise("Once"))
            raise ValueError("once")
        if function == "answer":
            own.engine.send_task_success(payload["token"], {})
        return payload

    with engine(invoke, clock=SkippingClock()) as own:
        ended = own.run(machine(**states), {"list": [1, 2]})
    assert (ended.events, ended.transitions) == (events, transitions)


def test_an_endless_loop_ends_at_the_historys_limit() -> None:
    with engine() as own:
        ended = own.run(LOOP)
    assert (ended.status, ended.error) == (Status.FAILED, "States.Runtime")
    assert "25000" in str(ended.cause)
    assert 12_498 <= ended.transitions <= 12_500


def test_a_full_history_is_not_caught() -> None:
    caught = parallel(LOOP, Catch=[{"ErrorEquals": ["States.ALL"], "Next": "p"}])
    with engine() as own:
        assert own.run(machine(o=caught, p=passing())).error == "States.Runtime"


def test_a_distributed_child_has_a_history_of_its_own() -> None:
    fill = mapping(machine(a=passing(), b=passing()), distributed=True, ItemsPath="$.list", ResultPath=None)
    with engine() as own:
        ended = own.run(machine(m=fill), {"list": list(range(7_000))})
    assert (ended.status, ended.events) == (Status.SUCCEEDED, 8)


@pytest.mark.parametrize(
    "states",
    [
        {"p": passing(Parameters={"a.$": "$.x", "b.$": "$.x"})},
        {"p": passing(Result="y" * 200_000, ResultPath="$.y")},
        {"t": task("echo", {"a.$": "$.x", "b.$": "$.x"})},
        {"t": task("echo", ResultPath="$.t")},
        {"m": mapping(machine(a=passing()), ItemsPath="$.list", ItemSelector={"a.$": "$.x", "b.$": "$.x"})},
        {"p": parallel(machine(a=passing()), machine(b=passing()), ResultPath=None)},
    ],
)
def test_no_payload_passes_256_kib(states: dict[str, Any]) -> None:
    with engine() as own:
        assert own.run(machine(**states), {"x": "x" * 150_000, "list": [1]}).error == "States.DataLimitExceeded"


@pytest.mark.parametrize(("text", "fits"), [("x" * 262_130, True), ("x" * 262_145, False), ("é" * 131_073, False)])
def test_a_payload_is_measured_in_bytes(text: str, fits: bool) -> None:
    with engine() as own:
        ended = own.run(machine(p=passing(Result=text, ResultPath="$")))
    assert (ended.status is Status.SUCCEEDED) is fits
