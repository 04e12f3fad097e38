"""`io.kestra.plugin.core.execution.Count`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pydantic import Field

from thermik.flows.dynamic import Dynamic
from thermik.flows.model import FlowModel
from thermik.tasks.execution.states import ExecutionState, rendered_states
from thermik.tasks.housekeeping import ExecutionChoice
from thermik.tasks.instants import rendered_instant
from thermik.tasks.runnable import RunContext, RunnableTask, TaskFailure
from thermik.tasks.structured import rendered_list

USUAL_PERIOD = timedelta(days=30)
"""Before the end, where no `startDate` is given."""


class CountedFlow(FlowModel):
    """A flow whose executions are counted."""

    namespace: str
    flow_id: str


class Count(RunnableTask):
    """Count the executions of flows, or of namespaces, and keep the numbers that an expression accepts.

    `expression` sees each number as `count`: `{{ count == 0 }}` keeps the flows that nothing ran of. A namespace's
    number has no `flowId`, and is missing where nothing ran. Between `startDate` (30 days ago) and `endDate` (now).
    """

    flows: list[CountedFlow] | None = None
    namespaces: Dynamic[list[str]] | None = Field(default=None, description="Namespaces, without those below them.")
    states: Dynamic[list[Dynamic[ExecutionState]]] | None = None
    start_date: str | None = Field(default=None, description="Not before this date; 30 days ago if not given.")
    end_date: str | None = Field(default=None, description="Not after this date; now if not given.")
    expression: str = Field(description="Keeps a number where it renders to true.")

    def run(self, context: RunContext) -> dict[str, Any]:
        """Count; outputs `results` (`namespace`, `flowId`, `count`) and `total`, their sum.

        Raises:
            TaskFailure: neither flows nor namespaces are given, or a date is none.
        """
        if self.flows is None and self.namespaces is None:
            raise TaskFailure("You must provide a list of flows or namespaces.")
        counts = [*self._of_flows(context), *self._of_namespaces(context)]
        results = [each for each in counts if context.render(self.expression, {"count": each["count"]}) == "true"]
        return {"results": results, "total": sum(each["count"] for each in results)}

    def _of_flows(self, context: RunContext) -> Iterator[dict[str, Any]]:
        choice = self._choice(context)
        for flow in self.flows or ():
            context.check()
            named = replace(choice, namespace=flow.namespace, flow_id=flow.flow_id)
            count = context.housekeeping.count(named)
            yield {"namespace": flow.namespace, "flowId": flow.flow_id, "count": count}

    def _of_namespaces(self, context: RunContext) -> Iterator[dict[str, Any]]:
        choice = self._choice(context)
        for namespace in rendered_list(context, "namespaces", self.namespaces):
            context.check()
            count = context.housekeeping.count(replace(choice, namespace=namespace, below=False))
            if count:
                yield {"namespace": namespace, "count": count}

    def _choice(self, context: RunContext) -> ExecutionChoice:
        end = rendered_instant(context, "endDate", self.end_date or "{{ now() }}")
        start = end - USUAL_PERIOD if self.start_date is None else None
        if self.start_date is not None:
            start = rendered_instant(context, "startDate", self.start_date)
        return ExecutionChoice(end, start, states=rendered_states(context, self.states))
