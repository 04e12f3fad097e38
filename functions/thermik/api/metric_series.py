"""The metrics of a flow over its executions: their names, the tasks that report them, and their course in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from thermik.api.errors import Unprocessable
from thermik.api.execution_search import read_newest_first
from thermik.api.metrics import entries_of
from thermik.api.request import Request
from thermik.api.routing import Router
from thermik.api.services import Services
from thermik.clock import instant_text, parse_instant
from thermik.executions.model import TaskRun
from thermik.storage import schema
from thermik.storage.table import Index

MAX_EXECUTIONS = 500
"""The newest executions of a flow that are read: each is a query of its own."""

DEFAULT_SPAN = timedelta(days=30)
MAX_POINTS = 5_000
"""Points of one series; a span of ten years in weeks has 520."""

_AGGREGATIONS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    "avg": lambda values: sum(values) / len(values),
    "min": min,
    "max": max,
}

router = Router("Metrics")


@router.route("GET", "/metrics/names/<namespace>/<flow_id>", "/metrics/names/<namespace>/<flow_id>/<task_id>")
def names(services: Services, request: Request) -> list[str]:
    """The names of the metrics that a flow, or a task of it, reported."""
    return sorted({entry["name"] for entry in _entries(services, request)})


@router.route("GET", "/metrics/tasks/<namespace>/<flow_id>")
def tasks(services: Services, request: Request) -> list[str]:
    """The tasks of a flow that reported metrics."""
    return sorted({entry["taskId"] for entry in _entries(services, request)})


@router.route(
    "GET",
    "/metrics/aggregates/<namespace>/<flow_id>/<metric>",
    "/metrics/aggregates/<namespace>/<flow_id>/<task_id>/<metric>",
    query="startDate endDate aggregation",
)
def aggregate(services: Services, request: Request) -> dict[str, Any]:
    """A metric in time, a value for each hour, day, week or month, as the span is long; 0 where there was none."""
    end = request.instant("endDate") or services.now()
    start = request.instant("startDate") or end - DEFAULT_SPAN
    if start > end:
        raise Unprocessable("Parameter 'startDate' must be before 'endDate'")
    how = request.get("aggregation") or "sum"
    if how not in _AGGREGATIONS:
        raise Unprocessable(f"Parameter 'aggregation' must be one of {', '.join(_AGGREGATIONS)}, not '{how[:100]}'")
    group = _group(end - start)
    values: dict[datetime, list[float]] = {date: [] for date in _dates(start, end, group)}
    for entry in _entries(services, request, start, end):
        if entry["name"] == request["metric"] and start <= parse_instant(entry["timestamp"]) <= end:
            values.setdefault(_floor(parse_instant(entry["timestamp"]), group), []).append(entry["value"])
    points = [
        {"name": request["metric"], "date": instant_text(date), "value": _AGGREGATIONS[how](found) if found else 0.0}
        for date, found in sorted(values.items())
    ]
    return {"groupBy": group, "aggregations": points}


def _group(span: timedelta) -> str:
    """Kestra's unit of a series, by how many days it spans."""
    bounds = ((365, "month"), (180, "week"), (1, "day"))
    return next((unit for days, unit in bounds if span > timedelta(days=days)), "hour")


def _dates(start: datetime, end: datetime, group: str) -> Iterator[datetime]:
    """Where the units of a span begin. Raises: Unprocessable: there are too many."""
    date = _floor(start, group)
    for _ in range(MAX_POINTS):
        if date > end:
            return
        yield date
        # 32 days from the first of a month lie in the next one, whose first `_floor` finds
        step = timedelta(days=32) if group == "month" else timedelta(**{f"{group}s": 1})
        date = _floor(date + step, group)
    raise Unprocessable(f"The span has more than {MAX_POINTS} points: narrow 'startDate' and 'endDate'")


def _floor(date: datetime, group: str) -> datetime:
    date = date.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if group == "hour":
        return date
    date = date.replace(hour=0)
    if group == "week":
        return date - timedelta(days=date.weekday())
    return date.replace(day=1) if group == "month" else date


def _entries(
    services: Services, request: Request, start: datetime | None = None, end: datetime | None = None
) -> Iterator[dict[str, Any]]:
    """The metrics of the newest executions; those that began long before `start` may still have reported after it."""
    partition = schema.flow_partition(request["namespace"], request["flow_id"])
    wanted = request.variables.get("task_id")
    executions = read_newest_first(services.table, partition, Index.FIRST, None, end)
    for body in islice(executions, MAX_EXECUTIONS):
        ended = body["state"].get("endDate")
        if start is not None and ended and parse_instant(ended) < start:
            continue
        runs: Iterator[TaskRun] = (run.value for run in services.executions.all_task_runs(body["id"]))
        yield from (entry for run in runs if wanted in (None, run.task_id) for entry in entries_of(run))
