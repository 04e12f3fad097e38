"""`io.kestra.plugin.core.flow.If`: one of two lists of tasks."""

from __future__ import annotations

from pydantic import Field

from thermik.flows.openings import Opening, Rendering
from thermik.flows.shapes import OneOf
from thermik.flows.task import AnyTask, Branch, FlowableTask, Tasks
from thermik.tasks.truth import is_true


class If(FlowableTask):
    """Run tasks if a condition holds, others if it does not.

    The condition is rendered once; all but `false`, `0`, `-0` and nothing hold.
    """

    condition: str = Field(description="An expression.")
    then: Tasks
    else_: list[AnyTask] = Field(default_factory=list, alias="else")

    @property
    def shape(self) -> OneOf:
        """`then` or `else`."""
        return OneOf(("then", "else"))

    def branches(self) -> tuple[Branch, ...]:
        """Both lists."""
        return Branch("then", tuple(self.then)), Branch("else", tuple(self.else_))

    def open(self, rendering: Rendering) -> Opening:
        """Render the condition."""
        holds = is_true(rendering.text(self.condition))
        return Opening("then" if holds else "else", outputs={"evaluationResult": holds})
