"""`io.kestra.plugin.core.flow.Parallel`: tasks side by side."""

from __future__ import annotations

from pydantic import Field

from thermik.flows.shapes import Together
from thermik.flows.task import Branch, FlowableTask, Tasks


class Parallel(FlowableTask):
    """Run tasks side by side."""

    tasks: Tasks
    concurrent: int = Field(default=0, ge=0, description="How many at a time; 0 for all.")

    @property
    def shape(self) -> Together:
        """All at once, or so many at a time."""
        return Together(limit=self.concurrent)

    def branches(self) -> tuple[Branch, ...]:
        """The tasks."""
        return (Branch("tasks", tuple(self.tasks)),)
