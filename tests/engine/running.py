"""Runs flows in this process, on a data directory of their own: the engine's tests without HTTP.

    with engine(tmp_path) as runtime:
        ran = run(runtime, source)

What is put around the table, the blobs or the worker (`Around`) counts, fails or repeats their calls.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from engine import probe
from thermik.executions.lifecycle import NewExecution, create
from thermik.executions.logs import entries_of
from thermik.executions.model import Execution, TaskRun
from thermik.flows.validation import parse_flow
from thermik.local import runtime as runtime_module
from thermik.local.interpreter import SkippingClock
from thermik.local.runtime import Runtime
from thermik.machines.client import machine_name
from thermik.storage import schema
from thermik.storage.blobs import Blobs
from thermik.storage.files import FileBlobs
from thermik.storage.sqlite import SqliteTable
from thermik.storage.table import Table
from thermik.tasks.names import MODULES

WAIT_SECONDS = 30

Handle = Callable[[Mapping[str, Any]], dict[str, Any]]
"""The worker's `handle`."""


@dataclass(frozen=True)
class Around:
    """What stands between a runtime and its adapters."""

    table: Callable[[Table], Table] = lambda table: table
    blobs: Callable[[Blobs], Blobs] = lambda blobs: blobs
    handle: Callable[[Handle], Handle] = lambda handle: handle


@dataclass(frozen=True)
class Ran:
    """An execution after its machine ended."""

    execution: Execution
    task_runs: list[TaskRun]
    logs: list[dict[str, Any]]

    @property
    def id(self) -> str:
        return self.execution.id

    @property
    def state(self) -> str:
        return self.execution.state.current.value

    @property
    def history(self) -> list[str]:
        return [entry.state.value for entry in self.execution.state.histories]

    @property
    def messages(self) -> list[str]:
        return [entry["message"] for entry in self.logs]

    def logged(self, task_id: str, level: str = "INFO") -> list[str]:
        """The messages of a task's runs, oldest first."""
        return [each["message"] for each in self.logs if (each.get("taskId"), each["level"]) == (task_id, level)]

    def run(self, task_id: str, value: str | None = None) -> TaskRun:
        found = [run for run in self.task_runs if run.task_id == task_id and value in (None, run.value)]
        assert len(found) == 1, f"{len(found)} runs of {task_id}[{value}]"
        return found[0]

    def states(self) -> dict[str, str]:
        """State by task id and value, in order of creation."""
        return {
            run.task_id + (f"[{run.value}]" if run.value is not None else ""): run.state.current.value
            for run in self.task_runs
        }

    def attempts(self, task_id: str) -> list[str]:
        """The final states of a task run's attempts."""
        return [attempt.state.current.value for attempt in self.run(task_id).attempts or ()]


def history_of(run: TaskRun) -> list[str]:
    return [entry.state.value for entry in run.state.histories]


@contextmanager
def engine(
    data: Path, *, clock: SkippingClock | None = None, trace: bool = False, around: Around | None = None
) -> Iterator[Runtime]:
    """A runtime on a directory; with a clock that skips, nobody waits for retries and pauses."""
    runtime = build(data, clock=clock, trace=trace, around=around or Around())
    try:
        yield runtime
    finally:
        runtime.close(5)


def build(data: Path, *, clock: SkippingClock | None = None, trace: bool = False, around: Around) -> Runtime:
    """A runtime whose adapters have something around them."""
    tables = lambda *given, **named: around.table(SqliteTable(*given, **named))  # noqa: E731
    blobs = lambda *given: around.blobs(FileBlobs(*given))  # noqa: E731
    with (
        mock.patch.object(runtime_module, "SqliteTable", tables),
        mock.patch.object(runtime_module, "FileBlobs", blobs),
    ):
        MODULES.setdefault(probe.TYPE, probe.PLACE)
        runtime = Runtime(data, clock=clock, timers=clock, trace=trace)
    runtime.worker.handle = around.handle(runtime.worker.handle)  # type: ignore[method-assign]
    return runtime


def save(runtime: Runtime, source: str) -> tuple[str, str, int]:
    revision = runtime.flows.save(parse_flow(source, runtime.types))
    return revision.namespace, revision.id, revision.revision


def start(runtime: Runtime, source: str, **given: Any) -> Execution:
    return create(runtime.life, NewExecution(*save(runtime, source), **given))


def run(runtime: Runtime, source: str, **given: Any) -> Ran:
    return end_of(runtime, start(runtime, source, **given).id)


def end_of(runtime: Runtime, execution_id: str) -> Ran:
    """The execution when its present machine has ended."""
    execution = runtime.life.executions.execution(execution_id).value
    runtime.machines.engine.wait(machine_name(execution), timeout=WAIT_SECONDS)
    return look(runtime, execution_id)


def until_state(runtime: Runtime, execution_id: str, state: str) -> Ran:
    """Wait for a state that nothing tells of."""
    deadline = time.monotonic() + WAIT_SECONDS
    while (ran := look(runtime, execution_id)).state != state:
        assert time.monotonic() < deadline, ran.history
        time.sleep(0.005)
    return ran


def look(runtime: Runtime, execution_id: str) -> Ran:
    executions = runtime.life.executions
    logs = runtime.table.query(schema.execution_partition(execution_id), prefix=schema.LOGS, limit=1000).records
    return Ran(
        executions.execution(execution_id).value,
        [run.value for run in executions.all_task_runs(execution_id)],
        [entry for record in logs for entry in entries_of(record)],
    )
