"""Windows of time within which several conditions must be met, and which properties each kind takes."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import model_validator

from thermik.flows.dynamic import Duration
from thermik.flows.model import FlowModel
from thermik.flows.temporal import read_time


class WindowType(StrEnum):
    """How a window lies in time."""

    DURATION_WINDOW = "DURATION_WINDOW"
    SLIDING_WINDOW = "SLIDING_WINDOW"
    DAILY_TIME_DEADLINE = "DAILY_TIME_DEADLINE"
    DAILY_TIME_WINDOW = "DAILY_TIME_WINDOW"


_PROPERTIES = {
    "deadline": "a deadline",
    "start_time": "a start time",
    "end_time": "an end time",
    "window": "a window",
    "window_advance": "a window advance",
}

_NEEDED = {
    WindowType.DURATION_WINDOW: (),
    WindowType.SLIDING_WINDOW: (),
    WindowType.DAILY_TIME_DEADLINE: ("deadline",),
    WindowType.DAILY_TIME_WINDOW: ("start_time", "end_time"),
}

_ALLOWED = {
    WindowType.DURATION_WINDOW: ("window", "window_advance"),
    WindowType.SLIDING_WINDOW: ("window",),
    WindowType.DAILY_TIME_DEADLINE: ("deadline",),
    WindowType.DAILY_TIME_WINDOW: ("start_time", "end_time"),
}


class TimeWindow(FlowModel):
    """A window of time; by default a day from midnight."""

    type: WindowType = WindowType.DURATION_WINDOW
    deadline: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    window: Duration | None = None
    window_advance: Duration | None = None

    @model_validator(mode="after")
    def _of_its_type(self) -> Self:
        given = [name for name in _PROPERTIES if getattr(self, name) is not None]
        problems = [
            *(f"must have {_PROPERTIES[name]}" for name in _NEEDED[self.type] if name not in given),
            *(f"cannot have {_PROPERTIES[name]}" for name in given if name not in _ALLOWED[self.type]),
        ]
        if problems:
            raise ValueError("; ".join(f"Time window of type `{self.type}` {problem}." for problem in problems))
        for name in ("deadline", "start_time", "end_time"):
            if getattr(self, name) is not None:
                read_time(getattr(self, name).removesuffix("Z"))
        return self
