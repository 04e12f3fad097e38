"""`io.kestra.plugin.core.execution.Resume`."""

from __future__ import annotations

from typing import Any

from thermik.flows.dynamic import Dynamic
from thermik.tasks.execution.place import NamesExecution
from thermik.tasks.runnable import RunContext, RunnableTask
from thermik.tasks.structured import rendered_map


class Resume(RunnableTask, NamesExecution):
    """Resume a paused execution.

    `inputs` are the values that its `onResume` asks for. `executionId` alone is enough.
    """

    inputs: Dynamic[dict[str, Any]] | None = None

    def run(self, context: RunContext) -> None:
        """Resume it. Raises: TaskFailure where there is none or it is not paused."""
        context.executions.resume(self.place(context).id, rendered_map(context, "inputs", self.inputs))
