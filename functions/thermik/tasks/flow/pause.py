"""`io.kestra.plugin.core.flow.Pause`: waits for somebody's approval, or for time to pass."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import Field, TypeAdapter, ValidationError

from thermik.flows.dynamic import Duration, Dynamic
from thermik.flows.inputs import AnyInput
from thermik.flows.openings import CannotOpen, Opening, Rendering
from thermik.flows.shapes import AfterWaiting
from thermik.flows.task import AnyTask, Branch, FlowableTask

_DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)

_AFTER = {"RESUME": "SUCCESS", "WARN": "WARNING", "FAIL": "FAILED", "CANCEL": "CANCELLED"}


class Pause(FlowableTask):
    """Pause the execution until it is resumed, by somebody or after a time.

    Other branches of the flow go on meanwhile.
    """

    old_names: ClassVar[Mapping[str, str]] = {"delay": "pauseDuration"}

    pause_duration: Dynamic[Duration] | None = Field(default=None, description="After this time it goes on by itself.")
    behavior: Dynamic[Literal["RESUME", "WARN", "FAIL", "CANCEL"]] = Field(
        default="RESUME", description="What the end of `pauseDuration` means."
    )
    on_pause: AnyTask | None = Field(default=None, description="Run when it is paused, before it can go on.")
    on_resume: list[AnyInput] = Field(default_factory=list, description="Inputs that are asked for when it is resumed.")
    tasks: list[AnyTask] = Field(default_factory=list, description="Run after the pause (deprecated).")

    @property
    def shape(self) -> AfterWaiting:
        """The tasks, after a wait."""
        return AfterWaiting()

    def branches(self) -> tuple[Branch, ...]:
        """What runs meanwhile, and the tasks."""
        meanwhile = () if self.on_pause is None else (self.on_pause,)
        return (Branch("onPause", meanwhile), Branch("tasks", tuple(self.tasks)))

    def open(self, rendering: Rendering) -> Opening:
        """Find how long it lasts; `pauseDuration` goes before `timeout`, which fails the task."""
        decision = "tasks" if self.tasks or self.on_pause is not None else None
        if self.pause_duration is not None:
            wait = _duration(self.pause_duration, rendering)
            return Opening(decision, wait=wait, after_wait=_after(self.behavior, rendering))
        if self.timeout is not None:
            return Opening(decision, wait=_duration(self.timeout, rendering), after_wait="FAILED")
        return Opening(decision)


def _after(written: str, rendering: Rendering) -> str:
    text = rendering.text(written)
    if text not in _AFTER:
        raise CannotOpen(f"behavior rendered to '{text}', which is none of {', '.join(_AFTER)}")
    return _AFTER[text]


def _duration(written: timedelta | str, rendering: Rendering) -> timedelta:
    if isinstance(written, timedelta):
        return written
    text = rendering.text(written)
    try:
        return _DURATION.validate_python(text)
    except ValidationError as error:
        raise CannotOpen(f"{written} rendered to '{text}', which is no duration") from error
