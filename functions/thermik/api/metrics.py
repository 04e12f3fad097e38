"""The metrics that the task runs of an execution reported."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from thermik.api.listings import page_of
from thermik.api.paging import PAGE_QUERY, dotted, page_request, sort_items
from thermik.api.request import Request
from thermik.api.routing import Router
from thermik.api.services import Services
from thermik.clock import instant_text
from thermik.durations import parse_duration
from thermik.executions.model import Attempt, Metric, TaskRun

router = Router("Metrics")


@router.route("GET", "/metrics/<execution_id>", query=f"{PAGE_QUERY} taskRunId taskId")
def of_execution(services: Services, request: Request) -> dict[str, Any]:
    """A page of the metrics of an execution, a task, or a task run."""
    execution = services.executions.execution(request["execution_id"]).value
    wanted = page_request(request)
    runs = [run.value for run in services.executions.all_task_runs(execution.id)]
    task_run_id, task_id = request.get("taskRunId"), request.get("taskId")
    chosen = [run for run in runs if task_run_id in (None, run.id) and task_id in (None, run.task_id)]
    found = [entry for run in chosen for entry in entries_of(run)]
    chosen_page = page_of(sort_items(found, wanted.orders, dotted), wanted)
    return chosen_page.wire(chosen_page.items)


def entries_of(run: TaskRun) -> Iterator[dict[str, Any]]:
    """What the attempts of a task run reported, as the API shows it."""
    for attempt in run.attempts or ():
        yield from (_entry(run, attempt, metric) for metric in attempt.metrics)


def _entry(run: TaskRun, attempt: Attempt, metric: Metric) -> dict[str, Any]:
    return {
        "namespace": run.namespace,
        "flowId": run.flow_id,
        "taskId": run.task_id,
        "executionId": run.execution_id,
        "taskRunId": run.id,
        "type": metric.type,
        "name": metric.name,
        "value": _milliseconds(metric.value) if isinstance(metric.value, str) else metric.value,
        "timestamp": instant_text(attempt.state.histories[-1].date),
        "tags": metric.tags,
    }


def _milliseconds(duration: str) -> float:
    """A timer's value in whole milliseconds, as Kestra's metrics have it."""
    return float(parse_duration(duration) // timedelta(milliseconds=1))
