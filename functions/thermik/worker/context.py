"""What a running task sees of the world: `RunContext` (tasks/runnable.py), for one attempt."""

from __future__ import annotations

import shutil
import tempfile
from collections import ChainMap
from collections.abc import Callable, Mapping, MutableMapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast

from pydantic import TypeAdapter, ValidationError

from thermik import expressions
from thermik.durations import duration_text
from thermik.executions.model import Metric, TaskRun, counter, gauge, timer
from thermik.tasks.housekeeping import Housekeeping
from thermik.tasks.ports import Cache, Executions, KeyValues, NamespaceFiles, States
from thermik.tasks.runnable import TaskFailure, TaskInterrupted, TaskLog
from thermik.worker.caches import TaskCache
from thermik.worker.files import AttemptFiles
from thermik.worker.housekeeping import TaskHousekeeping
from thermik.worker.interrupt import Interruption
from thermik.worker.key_values import TaskKeyValues
from thermik.worker.namespace_files import TaskNamespaceFiles
from thermik.worker.scene import TaskScene
from thermik.worker.services import ExpressionServices
from thermik.worker.task_executions import TaskExecutions

MAX_METRICS = 1_000
"""Metrics of one attempt; they are kept in the task run's item."""


class AttemptContext:
    """The context of one attempt; `close` removes what it left on the disk."""

    def __init__(
        self,
        scene: TaskScene,
        run: TaskRun,
        *,
        log: TaskLog,
        interruption: Interruption,
        deadline: datetime | None,
        directory: Path | None = None,
    ) -> None:
        self.log = log
        self.namespace = run.namespace
        self.flow_id = run.flow_id
        self.execution_id = run.execution_id
        self.task_id = run.task_id
        self.task_run_id = run.id
        self.attempt = max(0, len(run.attempts or ()) - 1)
        self.deadline = deadline
        self._clock = scene.ports.clock
        self.value = scene.value_of(run)
        services = ExpressionServices(scene)
        self.key_values: KeyValues = TaskKeyValues(services.key_values, f"{run.id}#{self.attempt}")
        self.states: States = services.task_states
        self.namespace_files: NamespaceFiles = TaskNamespaceFiles(scene.ports.blobs)
        self.cache: Cache = TaskCache(scene, run, self.value)
        self.executions: Executions = TaskExecutions(scene, services, run)
        self.housekeeping: Housekeeping = TaskHousekeeping(scene)
        self.metrics: list[Metric] = []
        self._variables = scene.task_variables(run)
        self._services = services
        self._files = AttemptFiles(scene, run)
        self._interruption = interruption
        self._shared = directory
        self._directory: Path | None = None

    def render(self, value: Any, extra: Mapping[str, Any] | None = None) -> Any:
        """Render texts in a value, with more variables if given."""
        return expressions.render(value, self._seen(extra), self._services)

    def render_typed(self, value: str) -> Any:
        """Render a text to the value of its expression."""
        return expressions.compile_template(value).evaluate(self._variables, self._services)

    def _seen(self, extra: Mapping[str, Any] | None) -> Mapping[str, Any]:
        return ChainMap(dict(extra), cast("MutableMapping[str, Any]", self._variables)) if extra else self._variables

    def render_as(self, kind: Any, value: Any, extra: Mapping[str, Any] | None = None) -> Any:
        """Render and convert."""
        rendered = self.render(value, extra)
        try:
            return _converted(TypeAdapter(kind), rendered)
        except ValidationError as error:
            reasons = "; ".join(problem["msg"] for problem in error.errors(include_url=False))
            raise TaskFailure(f"{value!r} rendered to {rendered!r}: {reasons}") from error

    def counter(self, name: str, value: float, tags: Mapping[str, str] | None = None) -> None:
        """Report a counter."""
        self._report(counter(name, value, tags))

    def gauge(self, name: str, value: float, tags: Mapping[str, str] | None = None) -> None:
        """Report a gauge."""
        self._report(gauge(name, value, tags))

    def timer(self, name: str, value: timedelta, tags: Mapping[str, str] | None = None) -> None:
        """Report a timer."""
        self._report(timer(name, value, tags))

    def _report(self, metric: Metric) -> None:
        if len(self.metrics) == MAX_METRICS:
            self.log.warn(f"More than {MAX_METRICS} metrics; the rest is not kept")
        if len(self.metrics) <= MAX_METRICS:
            self.metrics.append(metric)

    def open_file(self, uri: str) -> BinaryIO:
        """Open a file of the internal storage."""
        return self._files.open(uri)

    def put_file(self, source: Path | BinaryIO | bytes, name: str) -> str:
        """Keep a file as an output."""
        return self._files.put(source, name)

    def file_size(self, uri: str) -> int:
        """A file's size in bytes."""
        return self._files.size(uri)

    def delete_file(self, uri: str) -> bool:
        """Delete a file of the execution."""
        return self._files.delete(uri)

    def working_directory(self) -> Path:
        """The attempt's directory, or the one that it shares."""
        if self._shared is not None:
            return self._shared
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="thermik-"))
        return self._directory

    def on_interrupt(self, action: Callable[[], None]) -> None:
        """Register what ends the work."""
        self._interruption.on_interrupt(action)

    def check(self) -> None:
        """Stop here if the attempt must."""
        if self._interruption.reason is not None:
            raise TaskInterrupted(self._interruption.reason.value)

    def sleep(self, duration: timedelta) -> None:
        """Wait, or stop.

        Raises:
            TaskFailure: on AWS, at once, if that is longer than the invocation of the worker may last.
        """
        if self.deadline is not None and self._clock.now() + duration > self.deadline:
            raise TaskFailure(
                f"{duration_text(duration)} is longer than this task may run: on AWS it has one invocation of the "
                "worker, of 15 minutes at the most. A Pause with a pauseDuration waits as long as you like, for nothing"
            )
        self._interruption.wait(max(0.0, duration.total_seconds()))
        self.check()

    def close(self) -> None:
        """Remove the working directory, unless others share it."""
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)


def _converted(adapter: TypeAdapter[Any], rendered: Any) -> Any:
    """A rendered value as a type; where a text is none, what it says as JSON (an expression that gives a list).

    Raises: ValidationError of the text itself.
    """
    try:
        return adapter.validate_python(rendered)
    except ValidationError:
        if not isinstance(rendered, str):
            raise
        try:
            return adapter.validate_json(rendered)
        except ValidationError:
            pass
        raise
