"""Which execution a task means: its own, or one that it names, with or without the flow."""

from __future__ import annotations

from thermik.flows.model import FlowModel
from thermik.tasks.ports import ExecutionPlace
from thermik.tasks.runnable import RunContext, TaskFailure


class NamesExecution(FlowModel):
    """The properties that name an execution; none of them for the task's own."""

    namespace: str | None = None
    flow_id: str | None = None
    execution_id: str | None = None

    def place(self, context: RunContext) -> ExecutionPlace:
        """The execution that is meant: of the task's own flow, unless both namespace and flow are given.

        Raises:
            TaskFailure: only one of these two is given, or they are given without an execution.
        """
        namespace, flow_id = (None if text is None else context.render(text) for text in (self.namespace, self.flow_id))
        if self.execution_id is None:
            if namespace or flow_id:
                raise TaskFailure("`namespace` and `flowId` should only be set when `executionId` is set.")
            return ExecutionPlace(context.namespace, context.flow_id, context.execution_id)
        if bool(namespace) != bool(flow_id):
            raise TaskFailure("Both `namespace` and `flowId` must be set when `executionId` is set.")
        return ExecutionPlace(
            namespace or context.namespace, flow_id or context.flow_id, context.render(self.execution_id)
        )
