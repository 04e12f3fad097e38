"""Which flows a purge is about: a namespace with those below it, one flow of it, or all."""

from __future__ import annotations

from pydantic import Field

from thermik.flows.model import FlowModel
from thermik.tasks.runnable import RunContext, TaskFailure


class SelectsFlows(FlowModel):
    """The properties that name flows."""

    namespace: str | None = Field(
        default=None, description="Of this namespace and those below it; of all if not given."
    )
    flow_id: str | None = Field(default=None, description="Of this flow, which is in exactly that namespace.")

    def selected(self, context: RunContext) -> tuple[str | None, str | None]:
        """The namespace and the flow, rendered; None for all.

        Raises:
            TaskFailure: there is a flow without a namespace: too much would be meant.
        """
        namespace, flow_id = (context.render(text) if text else None for text in (self.namespace, self.flow_id))
        if flow_id and not namespace:
            raise TaskFailure("Property `namespace` is required when `flowId` is set.")
        if self.namespace and not namespace:
            raise TaskFailure(f"namespace: {self.namespace!r} rendered to nothing, which would mean all namespaces")
        if self.flow_id and not flow_id:
            raise TaskFailure(f"flowId: {self.flow_id!r} rendered to nothing, which would mean all flows")
        return namespace, flow_id
