"""Machines made at random: each ends as a plain recursive reading of it says, and leaves nothing behind.

The data that travels is `{"v": value, "lists": …}`: every state puts its result at `$.v`, Maps take their items
from the lists.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from machines.constructs.case import machine, mapping, parallel, passing, task
from machines.interpreter.harness import PATIENCE, engine
from thermik.local.interpreter import SkippingClock, TaskTimedOut

LISTS = {f"l{size}": list(range(size)) for size in range(4)}
SCRIPTED = {"Error": "Scripted", "Cause": ""}
Sketch = tuple[Any, ...]

_leaves: st.SearchStrategy[Sketch] = st.one_of(
    st.tuples(st.sampled_from(["pass", "task", "hold", "flaky"]), st.integers(0, 9)),
    st.tuples(st.just("wait"), st.integers(0, 1000)),
    st.just(("fail",)),
)
_sketches: st.SearchStrategy[Sketch] = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.tuples(st.just("parallel"), st.lists(inner, min_size=1, max_size=3), st.booleans()),
        st.tuples(st.just("map"), inner, st.integers(0, 3), st.integers(0, 2), st.booleans()),
        st.tuples(st.just("sequence"), st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=8,
)


class Failed(Exception):
    """The sketch's execution fails here."""


def _value(sketch: Sketch, value: Any) -> Any:
    """What is at `$.v` after the sketch, by a plain reading."""
    kind, *rest = sketch
    if kind == "fail":
        raise Failed
    if kind == "sequence":
        for part in rest[0]:
            value = _value(part, value)
        return value
    if kind in ("parallel", "map"):
        try:
            if kind == "parallel":
                return {"r": [_value(part, value) for part in rest[0]]}
            return {"r": [_value(rest[0], place) for place in range(rest[1])]}
        except Failed:
            if rest[-1]:
                return SCRIPTED
            raise
    if kind == "wait":
        return value
    return {"r": rest[0]} if kind in ("task", "flaky") else rest[0]


def _states(sketch: Sketch, numbers: Iterator[int]) -> dict[str, Any]:
    """The sketch's states, in the order of their chain."""
    kind, *rest = sketch
    name = f"{kind}{next(numbers)}"
    if kind == "sequence":
        return {state: body for part in rest[0] for state, body in _states(part, numbers).items()}
    if kind not in ("parallel", "map"):
        return {name: _leaf(kind, *rest)}
    fields: dict[str, Any] = {"ResultSelector": {"r.$": "$[*].v"}, "ResultPath": "$.v"}
    if rest[-1]:
        fields["Catch"] = [{"ErrorEquals": ["Scripted"], "ResultPath": "$.v", "Next": f"{name}-after"}]
    if kind == "parallel":
        state = parallel(*(machine(**_states(part, numbers)) for part in rest[0]), **fields)
    else:
        selector = {"v.$": "$$.Map.Item.Value", "lists.$": "$.lists"}
        inner = machine(**_states(rest[0], numbers))
        items = f"$.lists.l{rest[1]}"
        state = mapping(inner, ItemsPath=items, ItemSelector=selector, MaxConcurrency=rest[2], **fields)
    return {name: state, f"{name}-after": passing()}


def _leaf(kind: str, number: int = 0) -> dict[str, Any]:
    if kind == "wait":
        return {"Type": "Wait", "Seconds": number}
    if kind == "fail":
        return {"Type": "Fail", "Error": "Scripted"}
    if kind == "pass":
        return passing(Result=number, ResultPath="$.v")
    payload = {"n": number, "retry.$": "$$.State.RetryCount", "fails": kind == "flaky"}
    retrying = [{"ErrorEquals": ["Flaky"], "IntervalSeconds": 1}]
    if kind == "hold":
        return task("f", {**payload, "token.$": "$$.Task.Token"}, token=True, ResultPath="$.v")
    return task("f", payload, ResultSelector={"r.$": "$.Payload"}, ResultPath="$.v", Retry=retrying)


class Flaky(Exception):
    """What a flaky function raises on its first attempt."""


@given(_sketches)
def test_a_random_machine(sketch: Sketch) -> None:
    def invoke(_function: str, payload: Any) -> Any:
        if payload["fails"] and payload["retry"] == 0:
            raise Flaky
        if "token" not in payload:
            return payload["n"]
        try:
            own.engine.send_task_success(payload["token"], payload["n"])
        except TaskTimedOut:  # a sibling's failure came between
            return None
        return None

    definition = machine(**_states(sketch, count()))
    with engine(invoke, clock=SkippingClock()) as own:
        ended = own.run(definition, {"v": "start", "lists": LISTS})
        try:
            expected = _value(sketch, "start")
        except Failed:
            assert (ended.status, ended.error) == ("FAILED", "Scripted")
        else:
            assert (ended.status, ended.error, ended.output) == ("SUCCEEDED", None, {"v": expected, "lists": LISTS})
        give_up = time.monotonic() + PATIENCE
        while own.engine._pool._load and time.monotonic() < give_up:
            time.sleep(0.0001)
        assert (own.engine._pool._load, own.engine._host.tokens, own.clock._heap.earliest()) == (0, {}, None)
