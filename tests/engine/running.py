"""Runs flows in this process, on a data directory of their own: the engine's tests without HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thermik.executions.lifecycle import NewExecution, create
from thermik.executions.model import Execution, TaskRun
from thermik.flows.validation import parse_flow
from thermik.local.runtime import Runtime
from thermik.storage import schema
from thermik.worker.logs import entries_of

WAIT_SECONDS = 30


@dataclass(frozen=True)
class Ran:
    """An execution after its machine ended."""

    execution: Execution
    task_runs: list[TaskRun]
    logs: list[dict[str, Any]]

    @property
    def state(self) -> str:
        return self.execution.state.current.value

    @property
    def history(self) -> list[str]:
        return [entry.state.value for entry in self.execution.state.histories]

    @property
    def messages(self) -> list[str]:
        return [entry["message"] for entry in self.logs]

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


@contextmanager
def engine(data: Path) -> Iterator[Runtime]:
    runtime = Runtime(data)
    try:
        yield runtime
    finally:
        runtime.close(5)


def save(runtime: Runtime, source: str) -> tuple[str, str, int]:
    revision = runtime.flows.save(parse_flow(source, runtime.types))
    return revision.namespace, revision.id, revision.revision


def start(runtime: Runtime, source: str, **given: Any) -> Execution:
    return create(runtime.life, NewExecution(*save(runtime, source), **given))


def run(runtime: Runtime, source: str, **given: Any) -> Ran:
    execution = start(runtime, source, **given)
    runtime.machines.engine.wait(execution.id, timeout=WAIT_SECONDS)
    return look(runtime, execution.id)


def look(runtime: Runtime, execution_id: str) -> Ran:
    executions = runtime.life.executions
    logs = runtime.table.query(schema.execution_partition(execution_id), prefix=schema.LOGS, limit=1000).records
    return Ran(
        executions.execution(execution_id).value,
        [run.value for run in executions.all_task_runs(execution_id)],
        [entry for record in logs for entry in entries_of(record)],
    )
