"""When attempts begin, on a clock that skips waits: never before they are due, as often as they may, none lost."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from engine.running import engine, run
from engine.sources import fail, flow
from thermik.executions.model import Attempt
from thermik.flows.retry import Retry
from thermik.local.interpreter import SkippingClock
from thermik.local.runtime import Runtime
from thermik.worker.arrival import EARLY

RETRIES = st.one_of(
    st.builds(
        lambda seconds, most: {"type": "constant", "interval": f"PT{seconds}S", "maxAttempts": most},
        st.integers(1, 86_400),
        st.integers(1, 6),
    ),
    st.builds(
        lambda seconds, factor, most: {
            "type": "exponential",
            "interval": f"PT{seconds}S",
            "maxInterval": f"PT{seconds * 20}S",
            "delayFactor": factor,
            "maxAttempts": most,
        },
        st.integers(1, 3_600),
        st.sampled_from([1.5, 2, 3]),
        st.integers(1, 6),
    ),
)


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    with engine(Path(tmp_path_factory.mktemp("data")), clock=SkippingClock()) as started:
        yield started


@given(retry=RETRIES, succeeds=st.integers(0, 7))
@settings(max_examples=25)
def test_attempts_come_when_they_are_due(runtime: Runtime, retry: dict[str, Any], succeeds: int) -> None:
    condition = f"{{{{ taskrun.attemptsCount < {succeeds} }}}}"
    ran = run(runtime, flow(fail("a", condition=condition, retry=retry)))
    attempts = ran.run("a").attempts or ()
    assert len(attempts) == min(succeeds + 1, retry["maxAttempts"])
    assert ran.state == ("SUCCESS" if succeeds < retry["maxAttempts"] else "FAILED")
    assert ran.history.count("RETRYING") == len(attempts) - 1
    model = TypeAdapter(Retry).validate_python(retry)
    for number, (before, after) in enumerate(pairwise(attempts)):
        assert _pause(before, after) >= _delay(model, number) - EARLY.total_seconds()
        assert _pause(before, after) <= _delay(model, number) + 60


def _pause(before: Attempt, after: Attempt) -> float:
    return (after.state.start_date - before.state.histories[-1].date).total_seconds()


def _delay(retry: Any, number: int) -> float:
    """The documentation's words: `interval * factor ^ n`, at most `maxInterval`."""
    if retry.type == "constant":
        return float(retry.interval.total_seconds())
    return float(min(retry.interval.total_seconds() * retry.delay_factor**number, retry.max_interval.total_seconds()))
