"""What a flowable decides when it opens: once, kept with its task run, and the same after any repetition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta
from typing import Any, Protocol

from thermik.records import record


class Rendering(Protocol):
    """What a flowable may use to decide: rendering, in the context of its own task run."""

    def text(self, template: str) -> str:
        """Render to a text. Raises: ExpressionError."""
        ...

    def value(self, value: Any) -> Any:
        """Render the texts in a value, keys too. Raises: ExpressionError."""
        ...


class CannotOpen(Exception):
    """The flowable's properties give nothing that it could run; the message is for the flow's author."""


class NothingToRun(CannotOpen):
    """What the flowable decided leads to no tasks: it has decided, and fails all the same.

    Attributes:
        outputs: the flowable's own outputs, which tell what was decided.
    """

    def __init__(self, outputs: Mapping[str, Any]) -> None:
        super().__init__("no tasks")
        self.outputs = outputs


@record
class Opening:
    """What was decided.

    Attributes:
        decision: the branch to run, for `OneOf`; empty for none.
        values: a loop's values, in order.
        outputs: the flowable's own outputs.
        wait: how long a pause lasts, None for as long as nobody resumes it.
        after_wait: what the end of that time means: SUCCESS, WARNING, FAILED, CANCELLED.
    """

    decision: str | None = None
    values: tuple[str, ...] | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    wait: timedelta | None = None
    after_wait: str = "SUCCESS"
