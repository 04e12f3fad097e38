"""Following an execution, or its log, by server-sent events: `start`, `progress` at each change, `end`.

The stream is sent by whoever serves (`Answer.stream`); here is only what it says. Where nothing can be streamed (a
Lambda function) what is known is sent at once, and the client asks again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from thermik.api.answers import EVENT_STREAM, Answer, Stream
from thermik.api.execution_wire import with_task_runs
from thermik.api.filters import least_level, severe_enough
from thermik.api.request import Request
from thermik.api.routing import TENANT, Router
from thermik.api.services import Services
from thermik.executions.logs import entries_of
from thermik.executions.model import Execution, wire
from thermik.executions.state import StateType
from thermik.storage import schema
from thermik.storage.table import Index, Table

MAX_FAMILY = 500
"""Executions that one stream tells of."""

router = Router("Streams")


@router.route("GET", "/executions/<execution_id>/follow")
def follow_execution(services: Services, request: Request) -> Answer:
    """The execution at each of its changes, until it has ended."""
    execution_id = services.executions.execution(request["execution_id"]).value.id
    seen: list[dict[str, Any]] = []

    def more() -> tuple[str, bool]:
        execution = services.executions.execution(execution_id).value
        wire = with_task_runs(services, execution)
        if execution.state.is_terminal:
            return event("end", wire), True
        if seen and seen[-1] == wire:
            return "", False
        seen[:] = [wire]
        return event("progress", wire), False

    first = event("start", {"id": execution_id})
    return Answer(first, media_type=EVENT_STREAM, stream=Stream(execution_id, more))


@router.route("GET", "/executions/<execution_id>/follow-dependencies", query="destinationOnly expandAll")
def follow_dependencies(services: Services, request: Request) -> Answer:
    """The state of an execution and of those that it started, or all below it, at each change until all have ended."""
    first = services.executions.execution(request["execution_id"]).value
    below = request.flag("expandAll")
    told: dict[str, StateType] = {}

    def more() -> tuple[str, bool]:
        family = [services.executions.execution(first.id).value, *_started_by(services, first.id, below=below)]
        fresh = [each for each in family if told.get(each.id) != each.state.current]
        told.update({each.id: each.state.current for each in fresh})
        text = "".join(event("end" if each.state.is_terminal else "progress", _status(each)) for each in fresh)
        over = all(each.state.is_terminal for each in family)
        return text + (event("end-all", _status(family[0])) if over else ""), over

    # every event has all fields: the clients read each into the same object
    return Answer("", media_type=EVENT_STREAM, stream=Stream(first.id, more))


def _started_by(services: Services, execution_id: str, *, below: bool) -> Iterator[Execution]:
    """The executions that one started, oldest first; and those `below` them. At most `MAX_FAMILY`."""
    waiting, count = [execution_id], 0
    while waiting:
        partition = schema.children_partition(waiting.pop())
        page = services.table.query(partition, index=Index.THIRD, limit=MAX_FAMILY - count)
        for record in page.records:
            yield (child := Execution.model_validate(record.body))
            count += 1
            if count == MAX_FAMILY:
                return
            if below:
                waiting.append(child.id)


def _status(execution: Execution) -> dict[str, Any]:
    return {
        "executionId": execution.id,
        "tenantId": TENANT,
        "namespace": execution.namespace,
        "flowId": execution.flow_id,
        "state": wire(execution)["state"],
    }


@router.route("GET", "/logs/<execution_id>/follow", query="minLevel")
def follow_log(services: Services, request: Request) -> Answer:
    """The log of an execution: what there is, then what comes, until it has ended."""
    execution_id = services.executions.execution(request["execution_id"]).value.id
    minimum = least_level(request)
    chunks: set[str] = set()

    def more() -> tuple[str, bool]:
        # the state before the log: what was logged before the end is then surely read before `end` is sent
        ended = services.executions.execution(execution_id).value.state.is_terminal
        fresh = _new_entries(services.table, execution_id, chunks)
        chosen = [entry for entry in fresh if minimum is None or severe_enough(entry["level"], minimum)]
        text = "".join(event("progress", entry) for entry in chosen)
        return text + (event("end", {}) if ended else ""), ended

    return Answer(event("start", {}), media_type=EVENT_STREAM, stream=Stream(execution_id, more))


def event(name: str, data: Any) -> str:
    """One event, as Kestra's clients read it: the name is the event's id."""
    return f"id: {name}\ndata: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n"


def _new_entries(table: Table, execution_id: str, seen: set[str]) -> list[dict[str, Any]]:
    """The entries of the chunks that were not seen yet, oldest first; they are seen now."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = table.query(schema.execution_partition(execution_id), prefix=schema.LOGS, limit=1000, cursor=cursor)
        for record in page.records:
            if record.key.sort not in seen:
                seen.add(record.key.sort)
                found.extend(entries_of(record))
        cursor = page.cursor
        if cursor is None:
            return sorted(found, key=lambda entry: str(entry["timestamp"]))
