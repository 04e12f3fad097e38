from __future__ import annotations

from typing import Any

import pytest

from thermik.local.interpreter.errors import InvalidDefinition
from thermik.local.interpreter.retrying import Again, matches, read_catchers, read_retriers, retry


def _retriers(*entries: dict[str, Any]) -> Any:
    return read_retriers({"Retry": [{"ErrorEquals": ["E"], **entry} for entry in entries]})


@pytest.mark.parametrize(
    ("names", "error", "expected"),
    [
        ({"States.ALL"}, "Custom", True),
        ({"States.ALL"}, "States.Timeout", True),
        ({"States.ALL"}, "States.NoChoiceMatched", True),
        ({"States.ALL"}, "States.Runtime", False),
        ({"States.Runtime"}, "States.Runtime", False),
        ({"States.ALL"}, "States.DataLimitExceeded", False),
        ({"States.DataLimitExceeded"}, "States.DataLimitExceeded", True),
        ({"States.TaskFailed"}, "Custom", True),
        ({"States.TaskFailed"}, "States.Timeout", False),
        ({"States.TaskFailed"}, "States.HeartbeatTimeout", False),
        ({"States.TaskFailed"}, "States.Runtime", False),
        ({"States.Timeout"}, "States.HeartbeatTimeout", True),
        ({"States.HeartbeatTimeout"}, "States.Timeout", False),
        ({"A", "B"}, "B", True),
        ({"A"}, "B", False),
    ],
)
def test_which_errors_a_name_matches(names: set[str], error: str, expected: bool) -> None:
    assert matches(frozenset(names), error) is expected


@pytest.mark.parametrize(
    ("entry", "attempts", "delays"),
    [
        ({}, 3, [1, 2, 4]),
        ({"IntervalSeconds": 3, "BackoffRate": 1.5}, 3, [3, 4.5, 6.75]),
        ({"IntervalSeconds": 10, "BackoffRate": 10, "MaxDelaySeconds": 60, "MaxAttempts": 4}, 4, [10, 60, 60, 60]),
        ({"MaxAttempts": 0}, 0, []),
        ({"MaxAttempts": 1, "BackoffRate": 1}, 1, [1]),
    ],
)
def test_delays(entry: dict[str, Any], attempts: int, delays: list[float]) -> None:
    retriers = _retriers(entry)
    assert [retry(retriers, [made], "E") for made in range(attempts)] == [Again(0, delay) for delay in delays]
    assert retry(retriers, [attempts], "E") is None


def test_a_delay_never_overflows() -> None:
    again = retry(_retriers({"MaxAttempts": 99_999_999, "BackoffRate": 1000}), [5000], "E")
    assert again is not None
    assert again.delay == 31_622_400


def test_jitter_spreads_over_the_whole_delay() -> None:
    retriers = _retriers({"IntervalSeconds": 8, "JitterStrategy": "FULL"})
    delays = [again.delay for _ in range(200) if (again := retry(retriers, [0], "E"))]
    assert min(delays) < 2
    assert 6 < max(delays) <= 8


@pytest.mark.parametrize(
    "entry",
    [
        {"ErrorEquals": []},
        {"ErrorEquals": "E"},
        {"ErrorEquals": ["States.ALL", "E"]},
        {"IntervalSeconds": 0},
        {"IntervalSeconds": 1.5},
        {"MaxAttempts": -1},
        {"BackoffRate": 0.5},
        {"MaxDelaySeconds": 0},
        {"JitterStrategy": "SOME"},
        {"Interval": 1},
    ],
)
def test_what_is_no_retrier(entry: dict[str, Any]) -> None:
    with pytest.raises(InvalidDefinition):
        _retriers(entry)


def test_the_wildcard_stands_last() -> None:
    with pytest.raises(InvalidDefinition, match="last entry of Catch"):
        read_catchers({"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "a"}, {"ErrorEquals": ["E"], "Next": "a"}]})
