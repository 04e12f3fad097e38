"""`io.kestra.plugin.core.execution.Exit`."""

from __future__ import annotations

from typing import Literal

from thermik.flows.dynamic import Dynamic
from thermik.tasks.runnable import Outputs, RunContext, RunnableTask

ExitState = Literal["SUCCESS", "WARNING", "KILLED", "FAILED", "CANCELED"]
"""Kestra's words; its execution is then CANCELLED, with two Ls."""


class Exit(RunnableTask):
    """End the execution in a state.

    What runs beside the task, in a parallel branch, ends by itself, unless the state is KILLED. `finally` and
    `afterExecution` of the flow do not run.
    """

    state: Dynamic[ExitState] = "SUCCESS"

    def run(self, context: RunContext) -> Outputs:
        """End it, and its own run in the same state."""
        state: str = context.render_as(ExitState, self.state)
        final = "CANCELLED" if state == "CANCELED" else state
        context.executions.end(final)
        return Outputs(ends_as=final)
