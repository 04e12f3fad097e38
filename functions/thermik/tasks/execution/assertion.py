"""`io.kestra.plugin.core.execution.Assert`."""

from __future__ import annotations

from thermik.expressions import ExpressionError
from thermik.tasks.runnable import RunContext, RunnableTask, TaskFailure
from thermik.tasks.truth import is_true


class Assert(RunnableTask):
    """Fail unless all conditions hold.

    Metrics: `success` and `failed`, the numbers of conditions.
    """

    conditions: list[str]
    error_message: str | None = None

    def run(self, context: RunContext) -> None:
        """Look at every condition, and log each that does not hold."""
        failed = sum(not self._holds(context, condition) for condition in self.conditions)
        context.counter("success", len(self.conditions) - failed)
        context.counter("failed", failed)
        if failed:
            said = "" if self.error_message is None else f"\n{context.render(self.error_message)}"
            raise TaskFailure(f"{failed} assertion{'s' if failed > 1 else ''} failed!{said}")

    def _holds(self, context: RunContext, condition: str) -> bool:
        reason = "!"
        try:
            holds = is_true(context.render(condition))
        except ExpressionError as error:
            holds, reason = False, f", it cannot be rendered: {error}"
        if not holds:
            context.log.error(f"Assertion `{condition}` failed{reason}")
        return holds
