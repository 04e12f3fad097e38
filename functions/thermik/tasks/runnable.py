"""The contract between the worker and a task type that does work.

A type is a pydantic model (its properties) with a `run` method. The worker gives it a `RunContext`,
the only way to the world that a task has: rendering, logs, metrics, files, KV pairs, secrets.
What `run` returns are the task run's outputs; what it raises is the attempt's failure.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Protocol, TypeVar

from thermik.flows.task import Task
from thermik.tasks.housekeeping import Housekeeping
from thermik.tasks.ports import Cache, Executions, KeyValues, NamespaceFiles, States

T = TypeVar("T")


class TaskFailure(Exception):
    """The task did its work and the result is a failure: an exit code, a condition, bad input.

    Attributes:
        outputs: outputs that the failed attempt leaves behind all the same (an exit code).
        logged: the task has logged the message at ERROR itself, so the worker must not log it again.
    """

    def __init__(self, message: str, *, outputs: Mapping[str, Any] | None = None, logged: bool = False) -> None:
        super().__init__(message)
        self.outputs = dict(outputs or {})
        self.logged = logged


class TaskInterrupted(Exception):
    """The work was cut short: the execution was killed, or the attempt's time is over. Raised by `RunContext.check`."""


class Level(StrEnum):
    """Log levels, most severe first."""

    ERROR = "ERROR"
    WARN = "WARN"
    INFO = "INFO"
    DEBUG = "DEBUG"
    TRACE = "TRACE"


class TaskLog(Protocol):
    """The log of a task run: ordered, kept with the attempt, secrets masked. Thread-safe."""

    def log(self, level: Level, message: str) -> None:
        """Add an entry. Long messages are cut at a stated length with a note."""
        ...

    def error(self, message: str) -> None:
        """Add an entry at ERROR; the others at their level."""
        ...

    def warn(self, message: str) -> None: ...  # noqa: D102 - as `error`
    def info(self, message: str) -> None: ...  # noqa: D102 - as `error`
    def debug(self, message: str) -> None: ...  # noqa: D102 - as `error`
    def trace(self, message: str) -> None: ...  # noqa: D102 - as `error`


class RunContext(Protocol):
    """What a running attempt may use.

    Attributes:
        log: the task run's log.
        namespace, flow_id, execution_id, task_id, task_run_id: who this is.
        attempt: number of finished attempts before this one.
        deadline: when the attempt must have ended (a timeout, or the Lambda's own end), or None.
        value: the loop value of the task run (`taskrun.value`), or None outside loops.
        key_values: the KV pairs of namespaces.
        states: documents that tasks keep between executions.
        executions: what a task may do with executions.
        housekeeping: what a task may do with the executions and triggers of all flows.
        namespace_files: the files of namespaces.
        cache: an archive that the task keeps from one execution to the next.
    """

    log: TaskLog
    namespace: str
    flow_id: str
    execution_id: str
    task_id: str
    task_run_id: str
    attempt: int
    deadline: datetime | None
    value: str | None
    key_values: KeyValues
    states: States
    executions: Executions
    housekeeping: Housekeeping
    namespace_files: NamespaceFiles
    cache: Cache

    def render(self, value: Any, extra: Mapping[str, Any] | None = None) -> Any:
        """Render a text, or the texts in lists and maps (keys too). Raises ExpressionError.

        `extra` variables are added to the context's for this call and hide those of the same name.
        """
        ...

    def render_typed(self, value: str) -> Any:
        """Render a text to a value: one that is a single expression keeps its value's type, any other gives text."""
        ...

    def render_as(self, kind: type[T] | Any, value: Any, extra: Mapping[str, Any] | None = None) -> T:
        """Render and convert a `Dynamic[...]` property: to int, bool, `Duration`, `list[str]`, a model, …

        Raises:
            ExpressionError: it cannot be rendered.
            TaskFailure: what it rendered to is no such value; the message names both.
        """
        ...

    def counter(self, name: str, value: float, tags: Mapping[str, str] | None = None) -> None:
        """Report a Counter metric."""
        ...

    def gauge(self, name: str, value: float, tags: Mapping[str, str] | None = None) -> None:
        """Report a Gauge metric."""
        ...

    def timer(self, name: str, value: timedelta, tags: Mapping[str, str] | None = None) -> None:
        """Report a Timer metric."""
        ...

    def open_file(self, uri: str) -> BinaryIO:
        """A stream of a file of the internal storage (`kestra:///…`) or the namespace (`nsfile:///path`), to be closed.

        Raises:
            TaskFailure: no such file, or one that this execution may not read.
        """
        ...

    def put_file(self, source: Path | BinaryIO | bytes, name: str) -> str:
        """Move a file, a stream or bytes into the internal storage as an output of this task run; returns its URI.

        `name` may have directories (`a/b.csv`); `..` and absolute names are refused.
        """
        ...

    def file_size(self, uri: str) -> int:
        """The size in bytes of a file that `open_file` could open. Raises as it does."""
        ...

    def delete_file(self, uri: str) -> bool:
        """Delete a file of the internal storage (not of a namespace); whether there was one.

        Raises:
            TaskFailure: no such kind of URI, or a file that this execution may not delete.
        """
        ...

    def working_directory(self) -> Path:
        """The attempt's own empty directory, made at the first call, removed with all in it when the attempt ends."""
        ...

    def on_interrupt(self, action: Callable[[], None]) -> None:
        """Have this called when the attempt must stop (killed, timed out): from any thread, now if it must already."""
        ...

    def check(self) -> None:
        """Raise TaskInterrupted if the attempt must stop; for loops."""
        ...

    def sleep(self, duration: timedelta) -> None:
        """Wait so long, or raise TaskInterrupted as soon as the attempt must stop."""
        ...


@dataclass(frozen=True, slots=True)
class Outputs:
    """A task's outputs where there is more to say than the values.

    Attributes:
        warning: the run ends WARNING in place of SUCCESS.
        ends_as: the state that the task has decided on for its run, whatever it is: no retry follows.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    warning: bool = False
    ends_as: str | None = None


class RunnableTask(Task):
    """A task type that does work in a worker.

    Attributes:
        waits: whether it may wait for something outside (a program, the network, a time): then it holds no turn
            (`turns.py`), so that others compute meanwhile. Only what never waits may say no.
    """

    waits: ClassVar[bool] = True

    @abstractmethod
    def run(self, context: RunContext) -> Mapping[str, Any] | Outputs | None:
        """Do the work once. Returns the outputs: JSON values, camelCase names, None for none.

        Raises:
            TaskFailure: the attempt failed; so does any other exception.
        """
