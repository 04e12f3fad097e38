from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from thermik.triggers.windowing import window_at
from thermik.triggers.windows import TimeWindow
from thermik.triggers.zones import zone


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"2024-05-06T{text}Z")


@pytest.mark.parametrize(
    ("spec", "now", "start", "end"),
    [
        ({}, "10:12:00", "00:00", "24:00"),
        ({"window": "PT1H"}, "10:12:00", "10:00", "11:00"),
        ({"window": "PT15M"}, "10:12:00", "10:00", "10:15"),
        ({"window": "PT15M", "windowAdvance": "PT-5M"}, "10:12:00", "10:10", "10:25"),
        ({"window": "PT15M", "windowAdvance": "PT-5M"}, "10:09:00", "09:55", "10:10"),
        ({"type": "DAILY_TIME_DEADLINE", "deadline": "11:00:00"}, "10:12:00", "00:00", "11:00"),
        ({"type": "DAILY_TIME_WINDOW", "startTime": "10:00:00", "endTime": "11:00:00"}, "10:12:00", "10:00", "11:00"),
    ],
)
def test_a_window_holds_the_moment_and_what_lies_between_its_ends(
    spec: dict[str, Any], now: str, start: str, end: str
) -> None:
    window = window_at(TimeWindow.model_validate(spec), moment(now), UTC)
    assert window is not None
    assert window.holds(moment(now))
    assert window.holds(moment(f"{start}:00"))
    last = (
        "23:59:59.998" if end == "24:00" else f"{int(end[:2]) - (end[3:] == '00'):02}:{(int(end[3:]) - 1) % 60:02}:59.9"
    )
    assert window.holds(moment(last))
    if end != "24:00":
        assert not window.holds(moment(f"{end}:00"))


@pytest.mark.parametrize(
    "spec",
    [
        {"type": "DAILY_TIME_DEADLINE", "deadline": "09:00:00"},
        {"type": "DAILY_TIME_WINDOW", "startTime": "11:00:00", "endTime": "12:00:00"},
        {"type": "DAILY_TIME_WINDOW", "startTime": "11:00:00Z", "endTime": "12:00:00Z"},
    ],
)
def test_outside_of_daily_times_there_is_none(spec: dict[str, Any]) -> None:
    assert window_at(TimeWindow.model_validate(spec), moment("10:12:00"), UTC) is None


def test_a_day_begins_at_the_zones_midnight() -> None:
    window = window_at(None, moment("23:30:00"), zone("Europe/Paris"))
    assert window is not None
    assert window.holds(moment("22:00:00"))
    assert not window.holds(moment("21:59:59"))
