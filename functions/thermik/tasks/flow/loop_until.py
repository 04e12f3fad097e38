"""`io.kestra.plugin.core.flow.LoopUntil` (once `WaitFor`): tasks again and again until a condition holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from thermik.flows.dynamic import Duration, Dynamic
from thermik.flows.model import FlowModel
from thermik.flows.openings import CannotOpen, Opening, Rendering
from thermik.flows.shapes import Again
from thermik.flows.task import Branch, FlowableTask, Tasks
from thermik.records import record

Iterations = Annotated[int, Field(ge=1)]


class CheckFrequency(FlowModel):
    """How often, and how long, the loop tries."""

    max_iterations: Dynamic[Iterations] | None = Field(default=100, description="Iterations at the most.")
    max_duration: Dynamic[Duration] | None = Field(
        default=timedelta(hours=1), description="No new iteration after this time."
    )
    interval: Dynamic[Duration] = Field(default=timedelta(seconds=1), description="Time between two iterations.")


@record
class Frequency:
    """A `CheckFrequency` whose expressions are rendered."""

    max_iterations: int | None
    max_duration: timedelta | None
    interval: timedelta


class LoopUntil(FlowableTask):
    """Run tasks again and again until a condition holds.

    `outputs.<id>.iterationCount` tells the iteration, from 1. The last iteration's task runs and outputs stay.
    """

    condition: str = Field(description="An expression, rendered after each iteration.")
    tasks: Tasks
    fail_on_max_reached: Dynamic[bool] = Field(default=False, description="Fail when a limit is reached.")
    check_frequency: CheckFrequency = Field(
        default_factory=CheckFrequency, description="Its expressions are rendered after each iteration."
    )

    @property
    def shape(self) -> Again:
        """The tasks, again and again."""
        return Again()

    def branches(self) -> tuple[Branch, ...]:
        """The tasks."""
        return (Branch("tasks", tuple(self.tasks)),)

    def open(self, rendering: Rendering) -> Opening:  # noqa: ARG002 - nothing is rendered before the first iteration
        """The first iteration."""
        return Opening(outputs={"iterationCount": 1})

    def frequency(self, rendering: Rendering) -> Frequency:
        """How often it tries, by what is known now.

        Raises:
            ExpressionError: an expression cannot be rendered.
            CannotOpen: it renders to what the property cannot be.
        """
        written = self.check_frequency
        return Frequency(
            _rendered(Iterations, "maxIterations", written.max_iterations, rendering),
            _rendered(Duration, "maxDuration", written.max_duration, rendering),
            _rendered(Duration, "interval", written.interval, rendering),
        )

    def fails(self, rendering: Rendering) -> bool:
        """Whether a limit that is reached is a failure. Raises: ExpressionError, CannotOpen."""
        return bool(_rendered(bool, "failOnMaxReached", self.fail_on_max_reached, rendering))


def _rendered(kind: Any, name: str, written: Any, rendering: Rendering) -> Any:
    if not isinstance(written, str):
        return written
    text = rendering.text(written)
    try:
        return TypeAdapter(kind).validate_python(text)
    except ValidationError as error:
        reasons = "; ".join(problem["msg"] for problem in error.errors(include_url=False))
        raise CannotOpen(f"{name} rendered to '{text}': {reasons}") from error
