"""`io.kestra.plugin.core.flow.Sequential`: tasks one after the other, as one."""

from __future__ import annotations

from thermik.flows.shapes import InSequence
from thermik.flows.task import Branch, FlowableTask, Tasks


class Sequential(FlowableTask):
    """Run tasks one after the other.

    Groups tasks: what runs if one of them fails, how often they are tried again, when they are skipped.
    """

    tasks: Tasks

    @property
    def shape(self) -> InSequence:
        """One list."""
        return InSequence()

    def branches(self) -> tuple[Branch, ...]:
        """The tasks."""
        return (Branch("tasks", tuple(self.tasks)),)
