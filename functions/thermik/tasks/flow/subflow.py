"""`io.kestra.plugin.core.flow.Subflow`: an execution of another flow as a task."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import Field

from thermik.flows.dynamic import Dynamic
from thermik.flows.labels import Labels
from thermik.flows.problems import Place
from thermik.flows.task import CallingTask

if TYPE_CHECKING:
    from thermik.flows.flow import Flow


class Subflow(CallingTask):
    """Execute another flow, and wait for its end if asked to.

    The task run's outputs are `executionId`, `state`, and the flow's outputs as `outputs`.
    """

    namespace: str
    flow_id: str
    revision: int | None = Field(default=None, ge=1, description="The newest if left out.")
    inputs: dict[str, Any] = Field(default_factory=dict, description="Rendered, then typed as the flow declares.")
    labels: Labels = Field(default_factory=list, description="Labels of the new execution.")
    wait: Dynamic[bool] = Field(default=True, description="Wait for the end of the execution.")
    transmit_failed: Dynamic[bool] = Field(default=True, description="A failed execution fails the task.")
    inherit_labels: Dynamic[bool] = Field(default=False, description="Labels of this execution go to the new one.")
    outputs: dict[str, Any] | None = Field(default=None, description="Deprecated: declare outputs in the flow.")
    schedule_date: Dynamic[datetime] | None = Field(default=None, description="When the execution starts.")

    def problems(self, flow: Flow) -> Iterator[tuple[Place, str]]:
        """A flow that executes itself would never end."""
        yield from super().problems(flow)
        if self.namespace == flow.namespace and self.flow_id == flow.id:
            yield (), f"Recursive call to flow [{flow.namespace}.{flow.id}]"
