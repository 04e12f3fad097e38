"""`io.kestra.plugin.core.execution.UnsetVariables`."""

from __future__ import annotations

from pydantic import Field

from thermik.flows.dynamic import Dynamic
from thermik.tasks.runnable import RunContext, RunnableTask
from thermik.tasks.structured import rendered_list


class UnsetVariables(RunnableTask):
    """Remove variables of the execution.

    A dot leads into a map: `order.total`.
    """

    variables: Dynamic[list[str]]
    ignore_missing: Dynamic[bool] = Field(default=False, description="Otherwise one that is not there fails the task.")

    def run(self, context: RunContext) -> None:
        """Remove them. Raises: TaskFailure where one is missing and that is not ignored."""
        ignore: bool = context.render_as(bool, self.ignore_missing)
        context.executions.unset_variables(rendered_list(context, "variables", self.variables), ignore_missing=ignore)
