"""`io.kestra.plugin.core.flow.Subflow`: an execution of another flow as a task."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import Field

from thermik.flows.problems import Place
from thermik.flows.task import CallingTask
from thermik.tasks.flow.calling import FlowCall

if TYPE_CHECKING:
    from thermik.flows.flow import Flow


class Subflow(CallingTask, FlowCall):
    """Execute another flow, and wait for its end if asked to.

    The task run's outputs are `executionId`, `state`, and the flow's outputs as `outputs`.
    """

    outputs: dict[str, Any] | None = Field(
        default=None,
        description="Deprecated: declare outputs in the flow. Rendered in the other execution's context, if its flow "
        "declares none.",
    )

    def problems(self, flow: Flow) -> Iterator[tuple[Place, str]]:
        """A flow that executes itself would never end."""
        yield from super().problems(flow)
        yield from self.recursion(flow)
