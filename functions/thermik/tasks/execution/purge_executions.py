"""`io.kestra.plugin.core.execution.PurgeExecutions`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from thermik.flows.dynamic import Dynamic
from thermik.tasks.execution.states import ExecutionState, rendered_states
from thermik.tasks.housekeeping import ExecutionChoice, Parts, Purged
from thermik.tasks.instants import rendered_period
from thermik.tasks.runnable import RunContext, RunnableTask
from thermik.tasks.selection import SelectsFlows

BatchSize = Annotated[int, Field(ge=1, le=1000)]


class PurgeExecutions(RunnableTask, SelectsFlows):
    """Forget executions that have ended, with their logs, metrics and files.

    Those that were created between `startDate` and `endDate`. What still runs or waits is left alone, whatever its
    state is named. A purge that was cut short goes on when it is run again.
    """

    start_date: str | None = Field(default=None, description="Only executions that were created after this date.")
    end_date: str = Field(description="Only executions that were created before this date.")
    states: Dynamic[list[Dynamic[ExecutionState]]] | None = Field(default=None, description="Only those that ended so.")
    purge_execution: Dynamic[bool] = Field(default=True, description="The executions and their task runs.")
    purge_log: Dynamic[bool] = Field(default=True, description="Their logs.")
    purge_metric: Dynamic[bool] = Field(default=True, description="Their metrics; they go with the executions anyway.")
    purge_storage: Dynamic[bool] = Field(default=True, description="Their files in the internal storage.")
    batch_size: Dynamic[BatchSize] = Field(default=100, description="How many executions are looked up at a time.")

    def run(self, context: RunContext) -> dict[str, Any]:
        """Forget them; outputs `executionsCount`, `taskOutputsCount`, `logsCount`, `storagesCount`, `metricsCount`.

        Raises:
            TaskFailure: a date is none, or a flow is named without its namespace.
        """
        namespace, flow_id = self.selected(context)
        start, end = rendered_period(context, self.start_date, self.end_date)
        choice = ExecutionChoice(end, start, namespace, flow_id, rendered_states(context, self.states))
        batch: int = context.render_as(BatchSize, self.batch_size)
        total = Purged()
        for purged in context.housekeeping.purge(choice, self._parts(context), batch):
            total += purged
            context.check()
        return {
            "executionsCount": total.executions,
            "taskOutputsCount": total.outputs,
            "logsCount": total.logs,
            "storagesCount": total.files,
            "metricsCount": total.metrics,
        }

    def _parts(self, context: RunContext) -> Parts:
        return Parts(
            execution=context.render_as(bool, self.purge_execution),
            logs=context.render_as(bool, self.purge_log),
            metrics=context.render_as(bool, self.purge_metric),
            files=context.render_as(bool, self.purge_storage),
        )
