"""`io.kestra.plugin.core.storage.PurgeCurrentExecutionFiles`."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from thermik.flows.dynamic import Dynamic
from thermik.tasks.runnable import RunContext, RunnableTask


class PurgeCurrentExecutionFiles(RunnableTask):
    """Delete the files that this execution has in the internal storage: of inputs, tasks and its trigger.

    Outputs stay, but URIs among them lead nowhere then.
    """

    include_child_executions: Dynamic[bool] = Field(
        default=False, description="Those of executions that its tasks started, too, at any depth."
    )

    def run(self, context: RunContext) -> dict[str, Any]:
        """Delete them; outputs `uris`, of those that there were."""
        children: bool = context.render_as(bool, self.include_child_executions)
        return {"uris": context.housekeeping.delete_files(children=children)}
