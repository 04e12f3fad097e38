"""`io.kestra.plugin.core.flow.LoopUntil` (once `WaitFor`): tasks again and again until a condition holds."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from thermik.flows.dynamic import Duration
from thermik.flows.model import FlowModel
from thermik.flows.openings import Opening, Rendering
from thermik.flows.shapes import Again
from thermik.flows.task import Branch, FlowableTask, Tasks


class CheckFrequency(FlowModel):
    """How often, and how long, the loop tries."""

    max_iterations: int | None = Field(default=100, ge=1, description="Iterations at the most.")
    max_duration: Duration | None = Field(default=timedelta(hours=1), description="No new iteration after this time.")
    interval: Duration = Field(default=timedelta(seconds=1), description="Time between two iterations.")


class LoopUntil(FlowableTask):
    """Run tasks again and again until a condition holds.

    `outputs.<id>.iterationCount` tells the iteration, from 1. The last iteration's task runs and outputs stay.
    """

    condition: str = Field(description="An expression, rendered after each iteration.")
    tasks: Tasks
    fail_on_max_reached: bool = Field(default=False, description="Fail when a limit is reached.")
    check_frequency: CheckFrequency = Field(default_factory=CheckFrequency)

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
