"""`io.kestra.plugin.core.state.Set`."""

from __future__ import annotations

from typing import Any

from thermik.flows.dynamic import Dynamic
from thermik.tasks.runnable import RunContext
from thermik.tasks.state.place import StateTask, merged
from thermik.tasks.structured import rendered_map


class Set(StateTask):
    """Merge data into a state.

    Two executions that do so at the same time may lose one's data, as in Kestra.
    """

    data: Dynamic[dict[str, Any]] | None = None

    def run(self, context: RunContext) -> dict[str, Any]:
        """Merge and save; outputs `count` (of properties) and `key`."""
        key = self.key(context)
        document = merged(context.states.load(key) or {}, rendered_map(context, "data", self.data))
        context.states.save(key, document)
        return {"count": len(document), "key": key}
