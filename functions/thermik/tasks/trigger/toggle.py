"""`io.kestra.plugin.core.trigger.Toggle`."""

from __future__ import annotations

from pydantic import Field

from thermik.tasks.runnable import RunContext, RunnableTask


class Toggle(RunnableTask):
    """Switch a trigger with dates on or off, of this flow or of another one.

    One that is switched on goes on with its next date. Other kinds of triggers are switched off in their flow.
    """

    trigger: str = Field(description="The trigger's id.")
    enabled: bool = Field(default=False, description="On, or off.")
    namespace: str | None = Field(default=None, description="Of the trigger's flow; this flow's if not given.")
    flow_id: str | None = Field(default=None, description="The trigger's flow; this one if not given.")

    def run(self, context: RunContext) -> None:
        """Switch it. Raises: TaskFailure: there is no such flow, or no such trigger in it."""
        namespace = context.namespace if self.namespace is None else context.render(self.namespace)
        flow_id = context.flow_id if self.flow_id is None else context.render(self.flow_id)
        context.housekeeping.switch_trigger(namespace, flow_id, context.render(self.trigger), enabled=self.enabled)
