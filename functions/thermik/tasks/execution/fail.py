"""`io.kestra.plugin.core.execution.Fail`: a task that fails, always or on a condition."""

from __future__ import annotations

from thermik.tasks.runnable import RunContext, RunnableTask, TaskFailure
from thermik.tasks.truth import is_true


class Fail(RunnableTask):
    """Fail the execution.

    Without a condition the task always fails, with `errorMessage`. With one it fails where the condition holds:
    it then logs `errorMessage` and fails with "Fail on a condition".
    """

    condition: str | None = None
    error_message: str = "Task failure"

    def run(self, context: RunContext) -> None:
        """Fail, or do nothing where the condition is false."""
        if self.condition is None:
            raise TaskFailure(context.render(self.error_message))
        if is_true(context.render(self.condition)):
            context.log.error(context.render(self.error_message))
            raise TaskFailure("Fail on a condition")
