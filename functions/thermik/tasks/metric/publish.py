"""`io.kestra.plugin.core.metric.Publish`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from thermik.durations import duration_text
from thermik.flows.dynamic import Duration, Dynamic
from thermik.flows.model import FlowModel
from thermik.tasks.runnable import RunContext, RunnableTask, TaskFailure
from thermik.tasks.structured import rendered_map, rendered_structure

Figure = Annotated[float, Field(allow_inf_nan=False)]
"""A number that a metric can have."""


class _Metric(FlowModel):
    name: str = Field(min_length=1)
    description: str | None = None
    tags: Dynamic[dict[str, str]] | None = None


class Counter(_Metric):
    """A number that adds up over executions."""

    type: Literal["counter"]
    value: Dynamic[Figure]


class Timer(_Metric):
    """A duration."""

    type: Literal["timer"]
    value: Dynamic[Duration]


class Gauge(_Metric):
    """A number as it is now."""

    type: Literal["gauge"]
    value: Dynamic[Figure]


PublishedMetric = Annotated[Counter | Timer | Gauge, Field(discriminator="type")]
_METRICS: TypeAdapter[list[Counter | Timer | Gauge]] = TypeAdapter(list[PublishedMetric])


class Publish(RunnableTask):
    """Report metrics of the flow's own.

    A list of counters, timers and gauges, or an expression that renders to one in JSON.
    """

    waits = False

    metrics: Dynamic[list[PublishedMetric]] | None = None

    def run(self, context: RunContext) -> dict[str, Any]:
        """Report each; outputs `metrics`, as they were reported.

        Raises:
            TaskFailure: one renders to no metric.
        """
        return {"metrics": [_report(context, metric) for metric in self._metrics(context)]}

    def _metrics(self, context: RunContext) -> list[Counter | Timer | Gauge]:
        if not isinstance(self.metrics, str):
            return self.metrics or []
        try:
            return _METRICS.validate_python(rendered_structure(context, "metrics", self.metrics) or [])
        except ValidationError as error:
            reasons = "; ".join(_reason(problem) for problem in error.errors(include_url=False))
            raise TaskFailure(f"metrics must be a list of metrics: {reasons}") from error


def _reason(problem: Any) -> str:
    return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"


def _report(context: RunContext, metric: Counter | Timer | Gauge) -> dict[str, Any]:
    name: str = context.render(metric.name)
    tags = {key: str(value) for key, value in rendered_map(context, "tags", metric.tags).items()}
    reported: dict[str, Any] = {"name": name, "type": metric.type, "tags": tags}
    if metric.description is not None:
        reported["description"] = context.render(metric.description)
    if isinstance(metric, Timer):
        lasted: timedelta = context.render_as(Duration, metric.value)
        context.timer(name, lasted, tags)
        return {**reported, "value": duration_text(lasted)}
    value: float = context.render_as(Figure, metric.value)
    report = context.counter if isinstance(metric, Counter) else context.gauge
    report(name, value, tags)
    return {**reported, "value": value}
