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
from typing import Any, BinaryIO, Protocol, TypeVar

from thermik.flows.task import Task

T = TypeVar("T")


class TaskFailure(Exception):  # noqa: N818 - the domain's word
    """The task did its work and the result is a failure: an exit code, a condition, bad input.

    Attributes:
        outputs: outputs that the failed attempt leaves behind all the same (an exit code).
        logged: the task has logged the message at ERROR itself, so the worker must not log it again.
    """

    def __init__(self, message: str, *, outputs: Mapping[str, Any] | None = None, logged: bool = False) -> None:
        super().__init__(message)
        self.outputs = dict(outputs or {})
        self.logged = logged


class TaskInterrupted(Exception):  # noqa: N818 - the domain's word
    """The work was cut short since the execution was killed or the attempt's time ran out; raised by `RunContext.check`."""


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

    def error(self, message: str) -> None: ...
    def warn(self, message: str) -> None: ...
    def info(self, message: str) -> None: ...
    def debug(self, message: str) -> None: ...
    def trace(self, message: str) -> None: ...


class RunContext(Protocol):
    """What a running attempt may use.

    Attributes:
        log: the task run's log.
        namespace, flow_id, execution_id, task_id, task_run_id: who this is.
        attempt: number of finished attempts before this one.
        deadline: when the attempt must have ended (a timeout, or the Lambda's own end), or None.
    """

    log: TaskLog
    namespace: str
    flow_id: str
    execution_id: str
    task_id: str
    task_run_id: str
    attempt: int
    deadline: datetime | None

    def render(self, value: Any) -> Any:
        """Render a text, or the texts in lists and maps (keys too). Raises ExpressionError."""
        ...

    def render_as(self, kind: type[T] | Any, value: Any) -> T:
        """Render and convert a `Dynamic[...]` property: to int, bool, `Duration`, `list[str]`, a model, …

        Raises:
            ExpressionError: it cannot be rendered.
            TaskFailure: what it rendered to is no such value; the message names both.
        """
        ...

    def counter(self, name: str, value: float, tags: Mapping[str, str] | None = None) -> None:
        """Report a Counter metric."""
        ...

    def timer(self, name: str, value: timedelta, tags: Mapping[str, str] | None = None) -> None:
        """Report a Timer metric."""
        ...

    def open_file(self, uri: str) -> BinaryIO:
        """A stream of a file of the internal storage (`kestra:///…`) or of the namespace (`nsfile:///path`); the caller closes it.

        Raises:
            TaskFailure: no such file, or one that this execution may not read.
        """
        ...

    def put_file(self, source: Path | BinaryIO | bytes, name: str) -> str:
        """Move a file, a stream or bytes into the internal storage as an output of this task run; returns its URI.

        `name` may have directories (`a/b.csv`); `..` and absolute names are refused.
        """
        ...

    def working_directory(self) -> Path:
        """The attempt's own empty directory, made at the first call, removed with everything in it when the attempt ends."""
        ...

    def on_interrupt(self, action: Callable[[], None]) -> None:
        """Have this called, from another thread, when the attempt must stop (killed, timed out). At once if it already must."""
        ...

    def check(self) -> None:
        """Raise TaskInterrupted if the attempt must stop; for loops."""
        ...

    def sleep(self, duration: timedelta) -> None:
        """Wait so long, or raise TaskInterrupted as soon as the attempt must stop."""
        ...


@dataclass(frozen=True, slots=True)
class Outputs:
    """A task's outputs where there is more to say than the values: `state` overrides SUCCESS (WARNING)."""

    values: Mapping[str, Any] = field(default_factory=dict)
    warning: bool = False


class RunnableTask(Task):
    """A task type that does work in a worker."""

    @abstractmethod
    def run(self, context: RunContext) -> Mapping[str, Any] | Outputs | None:
        """Do the work once. Returns the outputs: JSON values, camelCase names, None for none.

        Raises:
            TaskFailure: the attempt failed; so does any other exception.
        """
