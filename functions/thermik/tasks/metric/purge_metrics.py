"""`io.kestra.plugin.core.metric.PurgeMetrics`."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from thermik.tasks.housekeeping import ExecutionChoice, Parts
from thermik.tasks.instants import rendered_period
from thermik.tasks.runnable import RunContext, RunnableTask
from thermik.tasks.selection import SelectsFlows

BATCH = 100
"""Executions that are looked up at a time."""


class PurgeMetrics(RunnableTask, SelectsFlows):
    """Forget the metrics of executions that have ended.

    Those that were created between `startDate` and `endDate`.
    """

    start_date: str | None = Field(default=None, description="Only of executions that were created after this date.")
    end_date: str = Field(description="Only of executions that were created before this date.")

    def run(self, context: RunContext) -> dict[str, Any]:
        """Forget them; outputs `count`.

        Raises:
            TaskFailure: a date is none, or a flow is named without its namespace.
        """
        namespace, flow_id = self.selected(context)
        start, end = rendered_period(context, self.start_date, self.end_date)
        parts = Parts(execution=False, logs=False, files=False)
        count = 0
        for purged in context.housekeeping.purge(ExecutionChoice(end, start, namespace, flow_id), parts, BATCH):
            count += purged.metrics
            context.check()
        return {"count": count}
