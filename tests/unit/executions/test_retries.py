"""When a failed attempt is tried again."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from thermik.executions.model import Attempt
from thermik.executions.retries import delay_before, grown, next_attempt_at, retry_of
from thermik.flows.flow import Flow
from thermik.flows.retry import Retry
from thermik.flows.tree import FlowTree
from thermik.tasks.registry import Registry
from unit.executions.made import at, attempt

DRAW = random.Random(1)
SECOND = timedelta(seconds=1)


def retry(kind: str, **properties: Any) -> Retry:
    return TypeAdapter(Retry).validate_python({"type": kind, **properties})


def failed(times: int, *, length: float = 1, pause: float = 10) -> list[Attempt]:
    """So many failed attempts of a length, with a pause between two."""
    return [attempt("RUNNING", "FAILED", begin=number * (length + pause), step=length / 2) for number in range(times)]


def test_the_next_attempt_counts_from_the_last_ones_end() -> None:
    constant = retry("constant", interval="PT10S")
    assert next_attempt_at(constant, failed(1), DRAW) == at(1 + 10)
    assert next_attempt_at(constant, failed(2), DRAW) == at(11 + 1 + 10)


@pytest.mark.parametrize(("attempts", "goes_on"), [(1, True), (2, True), (3, False), (4, False)])
def test_max_attempts_counts_the_first(attempts: int, goes_on: bool) -> None:
    constant = retry("constant", interval="PT10S", maxAttempts=3)
    assert (next_attempt_at(constant, failed(attempts), DRAW) is not None) is goes_on


def test_without_an_attempt_nothing_is_retried() -> None:
    assert next_attempt_at(retry("constant", interval="PT1S"), [], DRAW) is None


def test_max_duration_counts_from_the_first_attempts_beginning() -> None:
    """Interval 2 s and 6 s at most: three attempts, since working takes time as well."""
    constant = retry("constant", interval="PT2S", maxDuration="PT6S")
    assert next_attempt_at(constant, failed(2, length=0.1, pause=2), DRAW) == at(2.1 + 0.1 + 2)
    assert next_attempt_at(constant, failed(3, length=0.1, pause=2), DRAW) is None


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 2), (2, 6), (3, 18), (4, 30), (50, 30), (10_000, 30)])
def test_an_exponential_delay_grows_to_its_maximum(attempts: int, seconds: int) -> None:
    exponential = retry("exponential", interval="PT2S", maxInterval="PT30S", delayFactor=3)
    assert delay_before(exponential, attempts, DRAW) == seconds * SECOND


def test_a_factor_below_one_shrinks() -> None:
    assert grown(8 * SECOND, 0.5, 2, 30 * SECOND) == 2 * SECOND
    assert grown(8 * SECOND, 0.5, 10_000, 30 * SECOND) == timedelta(0)


@given(st.integers())
def test_a_random_delay_lies_between_its_bounds(seed: int) -> None:
    drawn = delay_before(retry("random", minInterval="PT2S", maxInterval="PT5S"), 1, random.Random(seed))
    assert 2 * SECOND <= drawn < 5 * SECOND


@given(st.floats(0.01, 100), st.integers(0, 200), st.integers(1, 10**9))
def test_growing_never_overflows(factor: float, times: int, most: int) -> None:
    assert timedelta(0) <= grown(SECOND, factor, times, most * SECOND) <= most * SECOND


def test_the_nearest_retry_applies() -> None:
    core = "io.kestra.plugin.core"
    wait = {"type": "constant", "interval": "PT1S"}
    leaf = {"type": f"{core}.log.Log", "message": "x"}
    data = {
        "id": "f",
        "namespace": "n",
        "retry": {**wait, "maxAttempts": 1},
        "tasks": [
            {"id": "plain", **leaf},
            {
                "id": "group",
                "type": f"{core}.flow.Sequential",
                "retry": {**wait, "maxAttempts": 2},
                "tasks": [
                    {"id": "own", **leaf, "retry": {**wait, "maxAttempts": 3}},
                    {"id": "deep", "type": f"{core}.flow.Sequential", "tasks": [{"id": "inherits", **leaf}]},
                ],
            },
        ],
    }
    flow = Flow.model_validate(data, context={"types": Registry(), "triggers": None})
    tree = FlowTree(flow)
    found = {name: retry_of(tree[name], flow.retry) for name in ("plain", "own", "inherits")}
    assert {name: each.max_attempts for name, each in found.items() if each} == {"plain": 1, "own": 3, "inherits": 2}
