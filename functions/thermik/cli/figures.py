"""Figures as people read them: durations, dates, values of outputs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from thermik.clock import parse_instant


def duration_of(state: Mapping[str, Any]) -> float:
    """How long a state of the API lasted, or lasts until now, in seconds."""
    histories = state["histories"]
    ended = state.get("endDate")
    end = parse_instant(ended) if ended else datetime.now(UTC)
    return max(0.0, (end - parse_instant(histories[0]["date"])).total_seconds())


def seconds_text(seconds: float) -> str:
    """`0.32 s`, `12.3 s`, `2 min 5 s`, `1 h 2 min`."""
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def time_text(instant: str) -> str:
    """The time of day of an instant, here, to the millisecond."""
    return parse_instant(instant).astimezone().strftime("%H:%M:%S.%f")[:-3]


def date_text(instant: str) -> str:
    """Day and time of an instant, here, to the second."""
    return parse_instant(instant).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def value_text(value: Any) -> str:
    """An output's value on a line: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
