"""`io.kestra.plugin.core.flow.ForEach` and the older loops over values."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from thermik.flows.openings import CannotOpen, Opening, Rendering
from thermik.flows.shapes import ForEachValue
from thermik.flows.task import Branch, FlowableTask, Tasks
from thermik.tasks.flow.values import loop_values

MAX_PAIRS = 20_000
"""Task runs of an EachParallel with `concurrent`: pairs of numbers name them in the machine, which takes 256 KB
(https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""


class ForEach(FlowableTask):
    """Run tasks once for each value of a list.

    The tasks of one value run one after the other; `taskrun.value` is the value, `taskrun.iteration` its number from 0.
    """

    values: str | list[Any] = Field(description="A list, or a text that renders to a JSON list.")
    tasks: Tasks
    concurrency_limit: int = Field(default=1, ge=0, description="How many values at a time; 0 for all.")

    @property
    def shape(self) -> ForEachValue:
        """So many values at a time."""
        return ForEachValue(limit=self.concurrency_limit)

    def branches(self) -> tuple[Branch, ...]:
        """The tasks."""
        return (Branch("tasks", tuple(self.tasks)),)

    def open(self, rendering: Rendering) -> Opening:
        """Find the values."""
        return Opening(values=loop_values(self.values, rendering))


class EachSequential(FlowableTask):
    """Run tasks once for each value of a list, one value after the other (deprecated: use ForEach)."""

    value: str | list[Any] = Field(description="A list, or a text that renders to a JSON list.")
    tasks: Tasks

    @property
    def shape(self) -> ForEachValue:
        """One value at a time."""
        return ForEachValue(limit=1)

    def branches(self) -> tuple[Branch, ...]:
        """The tasks."""
        return (Branch("tasks", tuple(self.tasks)),)

    def open(self, rendering: Rendering) -> Opening:
        """Find the values."""
        return Opening(values=loop_values(self.value, rendering))


class EachParallel(EachSequential):
    """Run tasks for all values of a list side by side, those of one value too (deprecated: use ForEach)."""

    concurrent: int = Field(default=0, ge=0, description="How many task runs at a time; 0 for all.")

    @property
    def shape(self) -> ForEachValue:
        """So many tasks at a time, whichever values they are of."""
        return ForEachValue(limit=self.concurrent, together=True)

    def open(self, rendering: Rendering) -> Opening:
        """Find the values."""
        opening = super().open(rendering)
        runs = len(opening.values or ()) * len(self.tasks)
        if self.concurrent and len(self.tasks) > 1 and runs > MAX_PAIRS:
            raise CannotOpen(f"{runs} task runs; `concurrent` counts at most {MAX_PAIRS}: use ForEach")
        return opening
