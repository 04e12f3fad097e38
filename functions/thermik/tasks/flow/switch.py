"""`io.kestra.plugin.core.flow.Switch`: the list of tasks that a value names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import Field

from thermik.flows.openings import NothingToRun, Opening, Rendering
from thermik.flows.problems import Place
from thermik.flows.shapes import OneOf
from thermik.flows.task import AnyTask, Branch, FlowableTask

if TYPE_CHECKING:
    from thermik.flows.flow import Flow

_CASES = "cases."


class Switch(FlowableTask):
    """Run the tasks of the case that a value equals, or the default ones.

    Without either, the task fails.
    """

    value: str = Field(description="Rendered, and compared as a text.")
    cases: dict[str, list[AnyTask]] = Field(default_factory=dict)
    defaults: list[AnyTask] = Field(default_factory=list)

    @property
    def shape(self) -> OneOf:
        """A branch a case, and the defaults."""
        return OneOf(tuple(branch.name for branch in self.branches()))

    def branches(self) -> tuple[Branch, ...]:
        """The cases in their order, then the defaults."""
        cases = (Branch(_CASES + key, tuple(tasks)) for key, tasks in self.cases.items())
        return *cases, Branch("defaults", tuple(self.defaults))

    def open(self, rendering: Rendering) -> Opening:
        """Render the value and find its case."""
        value = rendering.text(self.value)
        if value in self.cases:
            return Opening(_CASES + value, outputs={"value": value, "defaults": False})
        if not self.defaults:
            raise NothingToRun({"value": value, "defaults": True})
        return Opening("defaults", outputs={"value": value, "defaults": True})

    def problems(self, flow: Flow) -> Iterator[tuple[Place, str]]:
        """A Switch needs something that it could run."""
        yield from super().problems(flow)
        if not any(self.cases.values()) and not self.defaults:
            yield (), "No task defined, neither cases or default have any tasks"
