"""`io.kestra.plugin.core.state.Delete`."""

from __future__ import annotations

from typing import Any

from thermik.flows.dynamic import Dynamic
from thermik.tasks.runnable import RunContext, TaskFailure
from thermik.tasks.state.place import StateTask


class Delete(StateTask):
    """Delete a state."""

    error_on_missing: Dynamic[bool] = False

    def run(self, context: RunContext) -> dict[str, Any]:
        """Delete it; outputs `deleted`."""
        must_exist: bool = context.render_as(bool, self.error_on_missing)
        deleted = context.states.remove(self.key(context))
        if must_exist and not deleted:
            raise TaskFailure(f"There is no state '{context.render(self.name)}'")
        return {"deleted": deleted}
