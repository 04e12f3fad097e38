"""`io.kestra.plugin.core.output.OutputValues`: several rendered values as outputs."""

from __future__ import annotations

from typing import Any, ClassVar

from thermik.flows.dynamic import Dynamic
from thermik.tasks.runnable import RunContext, RunnableTask
from thermik.tasks.structured import rendered_map


class OutputValues(RunnableTask):
    """Output rendered values.

    Texts in the map are rendered, in lists and maps too; other values stay what they are.
    """

    waits: ClassVar[bool] = False
    values: Dynamic[dict[str, Any]]

    def run(self, context: RunContext) -> dict[str, Any]:
        """Render the map; outputs `values`."""
        return {"values": rendered_map(context, "values", self.values)}
