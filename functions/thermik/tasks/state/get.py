"""`io.kestra.plugin.core.state.Get`."""

from __future__ import annotations

from typing import Any

from thermik.flows.dynamic import Dynamic
from thermik.tasks.runnable import RunContext, TaskFailure
from thermik.tasks.state.place import StateTask


class Get(StateTask):
    """Read a state."""

    error_on_missing: Dynamic[bool] = False

    def run(self, context: RunContext) -> dict[str, Any]:
        """Read it; outputs `data` (empty where there is none) and `count`."""
        document = context.states.load(self.key(context))
        if document is None and context.render_as(bool, self.error_on_missing):
            raise TaskFailure(f"There is no state '{context.render(self.name)}'")
        return {"count": len(document or {}), "data": dict(document or {})}
