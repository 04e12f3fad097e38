"""`io.kestra.plugin.core.storage.Delete`."""

from __future__ import annotations

from typing import Any

from thermik.flows.dynamic import Dynamic
from thermik.tasks.runnable import RunContext, RunnableTask, TaskFailure


class Delete(RunnableTask):
    """Delete a file of the internal storage."""

    uri: str
    error_on_missing: Dynamic[bool] = False

    def run(self, context: RunContext) -> dict[str, Any]:
        """Delete the file; outputs `uri` and `deleted`."""
        uri: str = context.render(self.uri)
        must_exist: bool = context.render_as(bool, self.error_on_missing)
        deleted = context.delete_file(uri)
        if must_exist and not deleted:
            raise TaskFailure(f"Unable to find file '{uri}'")
        return {"uri": uri, "deleted": deleted}
