"""`io.kestra.plugin.core.execution.SetVariables`."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from thermik.flows.dynamic import Dynamic
from thermik.tasks.runnable import RunContext, RunnableTask
from thermik.tasks.structured import rendered_map


class SetVariables(RunnableTask):
    """Set variables of the execution, which expressions see as `vars`.

    Maps are merged at any depth.
    """

    variables: Dynamic[dict[str, Any]]
    overwrite: Dynamic[bool] = Field(default=True, description="Otherwise a variable that exists fails the task.")

    def run(self, context: RunContext) -> None:
        """Set them. Raises: TaskFailure where one exists and may not be overwritten."""
        overwrite: bool = context.render_as(bool, self.overwrite)
        context.executions.set_variables(rendered_map(context, "variables", self.variables), overwrite=overwrite)
