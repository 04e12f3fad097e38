"""What tasks that execute another flow have in common: which flow, and what its execution is given."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from thermik.flows.dynamic import Dynamic
from thermik.flows.labels import Labels
from thermik.flows.model import FlowModel
from thermik.flows.problems import Place

if TYPE_CHECKING:
    from thermik.flows.flow import Flow


class FlowCall(FlowModel):
    """The properties of a call of another flow."""

    namespace: str
    flow_id: str
    revision: int | None = Field(default=None, ge=1, description="The newest if left out.")
    inputs: dict[str, Any] = Field(default_factory=dict, description="Rendered, then typed as the flow declares.")
    labels: Labels = Field(default_factory=list, description="Labels of the new execution.")
    wait: Dynamic[bool] = Field(default=True, description="Wait for the end of the execution.")
    transmit_failed: Dynamic[bool] = Field(default=True, description="A failed execution fails the task.")
    inherit_labels: Dynamic[bool] = Field(default=False, description="Labels of this execution go to the new one.")
    schedule_date: Dynamic[datetime] | None = Field(default=None, description="When the execution starts.")

    restart_behavior: Literal["RETRY_FAILED", "NEW_EXECUTION"] = Field(
        default="RETRY_FAILED",
        description="What a restart of this execution does about one that failed: restart it, or start another.",
    )

    def recursion(self, flow: Flow) -> Iterator[tuple[Place, str]]:
        """A flow that executes itself would never end."""
        if self.namespace == flow.namespace and self.flow_id == flow.id:
            yield (), f"Recursive call to flow [{flow.namespace}.{flow.id}]"
