"""`io.kestra.plugin.core.log.PurgeLogs`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from thermik.flows.dynamic import Dynamic
from thermik.tasks.housekeeping import ExecutionChoice, LogChoice
from thermik.tasks.instants import rendered_period
from thermik.tasks.runnable import Level, RunContext, RunnableTask, TaskFailure
from thermik.tasks.selection import SelectsFlows
from thermik.tasks.structured import rendered_list

BatchSize = Annotated[int, Field(ge=1)]


class PurgeLogs(RunnableTask, SelectsFlows):
    """Forget entries of logs, of executions that run still, too.

    Those that were written between `startDate` and `endDate`. Only executions have logs here, triggers have none.
    """

    execution_id: str | None = Field(default=None, description="Only the log of this execution.")
    log_levels: Dynamic[list[Dynamic[Level]]] | None = Field(default=None, description="Only entries of these levels.")
    start_date: str | None = Field(default=None, description="Only entries that were written after this date.")
    end_date: str = Field(description="Only entries that were written before this date.")
    purge_execution_logs: Dynamic[bool] = Field(default=True, description="The logs of executions.")
    purge_non_execution_logs: Dynamic[bool] = Field(default=True, description="Without effect: there are none.")
    batch_size: Dynamic[BatchSize] | None = Field(default=None, description="Without effect, as with most databases.")

    def run(self, context: RunContext) -> dict[str, Any]:
        """Forget them; outputs `count`, `executionLogsCount` and `nonExecutionLogsCount`.

        Raises:
            TaskFailure: a date or a level is none, or a flow is named without its namespace.
        """
        namespace, flow_id = self.selected(context)
        start, end = rendered_period(context, self.start_date, self.end_date)
        entries = LogChoice(end, start, self._levels(context))
        execution_id = self._execution_id(context)
        count = 0
        if context.render_as(bool, self.purge_execution_logs):
            choice = ExecutionChoice(end, namespace=namespace, flow_id=flow_id)
            for forgotten in context.housekeeping.purge_logs(choice, entries, execution_id):
                count += forgotten
                context.check()
        return {"count": count, "executionLogsCount": count, "nonExecutionLogsCount": 0}

    def _levels(self, context: RunContext) -> frozenset[str] | None:
        named = frozenset(rendered_list(context, "logLevels", self.log_levels))
        unknown = sorted(named - frozenset(Level))
        if unknown:
            raise TaskFailure(f"logLevels: '{unknown[0]}' is none of {', '.join(Level)}")
        return named or None

    def _execution_id(self, context: RunContext) -> str | None:
        if not self.execution_id:
            return None
        rendered: str = context.render(self.execution_id)
        if not rendered:
            raise TaskFailure(
                f"executionId: {self.execution_id!r} rendered to nothing, which would mean all executions"
            )
        return rendered
