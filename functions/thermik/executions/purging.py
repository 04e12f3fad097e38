"""Forgetting parts of executions: what of them, how much of it there was, and nothing of those that still run.

Each step removes what it finds, so one that was cut short is repeated; the execution itself goes last, for what it
has is found by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from thermik.clock import instant_text
from thermik.executions.changes import delete
from thermik.executions.life import Life
from thermik.executions.model import Execution, TaskRun
from thermik.executions.refusals import WrongState
from thermik.executions.repository import ExecutionNotFound
from thermik.storage import schema
from thermik.storage.blobs import Blobs
from thermik.storage.internal import ExecutionFiles, uri_of
from thermik.storage.table import Delete, Put, Record, Table
from thermik.tasks.housekeeping import LogChoice, Parts, Purged

_AFTER_EVERY_NAME = "\U0010ffff"
_KEPT_VALUES = "values/"
"""Below an execution's prefix: outputs that its task runs' items have no room for. They are no files, and go with
the runs."""


def purge(life: Life, blobs: Blobs, execution: Execution, parts: Parts) -> Purged:
    """Forget parts of an execution that has ended; nothing of one that has not.

    Metrics and outputs are parts of task runs, so they go with the execution in any case.

    Raises:
        TableUnavailable, BlobsUnavailable, Conflict: what was forgotten so far stays so.
    """
    if not execution.state.is_terminal or execution.progress.aftermath:
        return Purged()
    files = len(delete_files(blobs, execution)) if parts.files else 0
    logs = forget_logs(life.executions.table, execution.id, LogChoice(life.clock.now())) if parts.logs else 0
    if parts.execution:
        return _forget(life, blobs, execution, parts) + Purged(logs=logs, files=files)
    metrics = _forget_metrics(life, execution) if parts.metrics else 0
    return Purged(logs=logs, files=files, metrics=metrics)


def _forget(life: Life, blobs: Blobs, execution: Execution, parts: Parts) -> Purged:
    runs = [run.value for run in life.executions.all_task_runs(execution.id)]
    try:
        delete(life, blobs, execution.id, logs=parts.logs, storage=parts.files)
    except (ExecutionNotFound, WrongState):  # somebody else forgot it meanwhile, or restarted it
        return Purged()
    metrics = sum(map(_metrics_of, runs)) if parts.metrics else 0
    return Purged(1, sum(bool(run.outputs or run.progress.outputs_uri) for run in runs), metrics=metrics)


def _forget_metrics(life: Life, execution: Execution) -> int:
    forgotten = 0
    for run in life.executions.all_task_runs(execution.id):
        found = _metrics_of(run.value)
        if found:
            life.executions.write(run.then(_without_metrics(run.value)))
        forgotten += found
    return forgotten


def delete_files(blobs: Blobs, execution: Execution) -> list[str]:
    """Delete the files of an execution, whatever state it is in; their URIs. Raises: BlobsUnavailable."""
    prefix = ExecutionFiles(execution.namespace, execution.flow_id, execution.id).prefix
    keys = [info.key for info in blobs.list(prefix) if not info.key.startswith(prefix + _KEPT_VALUES)]
    blobs.delete(keys)
    return [uri_of(key) for key in keys]


def forget_logs(table: Table, execution_id: str, choice: LogChoice) -> int:
    """Forget entries of an execution's log; how many.

    Raises:
        TableUnavailable, Conflict: what was forgotten so far stays so.
    """
    forgotten = 0
    for chunk in _chunks(table, execution_id, choice.end):
        entries = chunk.body["entries"]
        kept = [entry for entry in entries if not _is_meant(choice, entry["level"], entry["timestamp"])]
        if len(kept) == len(entries):
            continue
        forgotten += len(entries) - len(kept)
        body = {**chunk.body, "entries": kept}
        table.write(Put(replace(chunk, body=body)) if kept else Delete(chunk.key))
    return forgotten


def _is_meant(choice: LogChoice, level: str, timestamp: str) -> bool:
    if choice.levels is not None and level not in choice.levels:
        return False
    return timestamp <= instant_text(choice.end) and (choice.start is None or timestamp >= instant_text(choice.start))


def _chunks(table: Table, execution_id: str, until: datetime) -> Iterator[Record]:
    """The chunks of a log that begin by a date."""
    end = f"{schema.LOGS}{instant_text(until)}{_AFTER_EVERY_NAME}"
    cursor: str | None = None
    while True:
        page = table.query(
            schema.execution_partition(execution_id), prefix=schema.LOGS, end=end, limit=100, cursor=cursor
        )
        yield from page.records
        cursor = page.cursor
        if cursor is None:
            return


def _metrics_of(run: TaskRun) -> int:
    return sum(len(attempt.metrics) for attempt in run.attempts or ())


def _without_metrics(run: TaskRun) -> TaskRun:
    attempts = tuple(attempt.model_copy(update={"metrics": ()}) for attempt in run.attempts or ())
    return run.model_copy(update={"attempts": attempts})
