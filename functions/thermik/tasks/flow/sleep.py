"""`io.kestra.plugin.core.flow.Sleep`: wait within a task."""

from __future__ import annotations

from datetime import timedelta

from thermik.durations import duration_text
from thermik.flows.dynamic import Duration, Dynamic
from thermik.tasks.runnable import RunContext, RunnableTask


class Sleep(RunnableTask):
    """Wait for a duration.

    The worker is occupied all the while, and on AWS no longer than an invocation lasts, 15 minutes: a longer one
    fails at once. `Pause` with a `pauseDuration` waits as long as you like, for nothing.
    """

    duration: Dynamic[Duration]

    def run(self, context: RunContext) -> None:
        """Wait, or end at once when the execution is killed."""
        duration: timedelta = context.render_as(Duration, self.duration)
        context.log.info(f"Waiting for {duration_text(duration)}")
        context.sleep(duration)
