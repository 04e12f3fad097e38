"""The engine: executions by name, and the turns in which they move.

Whatever happens to an execution (its start, a result, an answer, a timer, a stop) is a turn: under the execution's
lock its branches move until all wait; afterwards, outside the lock, the invocations that came of it are handed to
the pool and its end is told. A turn runs on the thread that brings the event, so a result's next invocation starts
on the thread that has just become free, and long-running functions hold up nobody's transitions.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from thermik.clock import Clock
from thermik.local.interpreter import tasks
from thermik.local.interpreter.definition import load
from thermik.local.interpreter.errors import (
    RUNTIME,
    TIMEOUT,
    EngineClosed,
    ExecutionDoesNotExist,
    ExecutionExists,
    InterpreterError,
    StateError,
    TaskDoesNotExist,
    TaskTimedOut,
)
from thermik.local.interpreter.frames import Activity, Branch, Execution, History, Host, Job, execution_context
from thermik.local.interpreter.moves import conclude, go
from thermik.local.interpreter.payloads import bounded, call
from thermik.local.interpreter.pool import Pool
from thermik.local.interpreter.states import Machine
from thermik.local.interpreter.status import ExecutionStatus, StateEntered, Status
from thermik.local.interpreter.steps import drive
from thermik.local.interpreter.timers import HeapTimers, Timers

KEPT = 1_000
"""Ended executions that are remembered; older ones are forgotten."""

Invoke = Callable[[str, Any], Any]
"""Invokes a function by name with a JSON payload and gives its JSON result, on a thread of the pool."""

_log = logging.getLogger(__name__)


class Engine:
    """Runs executions of state machines in this process.

    Args:
        invoke: `invoke(function_name, payload)` gives the JSON result. What it raises is the function's error: its
            type is the exception's `error_type`, or the class's name; its message the exception's text.
        clock: tells the time, for timestamps and for timers.
        workers: how many invocations run at once.
        on_status: told of each execution that has ended, once, on whichever thread ended it (as EventBridge would).
        timers: run what waits; by default in real time.
        trace: keep the states entered, for `history`.
    """

    def __init__(
        self,
        invoke: Invoke,
        *,
        clock: Clock,
        workers: int,
        on_status: Callable[[ExecutionStatus], None] | None = None,
        timers: Timers | None = None,
        trace: bool = False,
    ) -> None:
        self._invoke = invoke
        self._clock = clock
        self._on_status = on_status
        self._timers = timers or HeapTimers(clock)
        self._trace = trace
        self._host = Host(clock, self._timers, self._fire)
        self._pool: Pool[Job] = Pool(self._perform, workers=workers, working=self._timers.working)
        self._running: dict[str, Execution] = {}
        self._ended: OrderedDict[str, _Record] = OrderedDict()
        self._names = threading.Lock()
        self._closed = False

    def start(self, definition: str | Mapping[str, Any], name: str, input: Any) -> None:  # noqa: A002 - AWS's name
        """Start an execution; it goes on by itself.

        Raises:
            InvalidDefinition: the definition is no ASL, or uses what is not supported.
            ExecutionExists: one of this name is running or ended recently.
            InterpreterError: the input is larger than 256 KiB, or no JSON.
            EngineClosed: the engine takes no more work.
        """
        data = _plain(input, f"the input of execution {name!r}")
        execution = self._new_execution(load(definition), name, data)
        with self._names:
            if self._closed:
                raise EngineClosed(f"execution {name!r} comes after the engine was closed")
            if name in self._running or name in self._ended:
                raise ExecutionExists(f"an execution {name!r} is running or ended recently")
            self._running[name] = execution
        self._turn(execution, partial(self._open, execution, data))

    def stop(self, name: str, error: str | None = None, cause: str | None = None) -> bool:
        """Stop an execution: it is ABORTED, and nothing of it starts any more. Answers whether it was running."""
        execution = self._running.get(name)
        if execution is None:
            return False
        stopped: list[str] = []

        def abort() -> None:
            stopped.append(name)
            _conclude(execution, Status.ABORTED, error, cause)

        self._turn(execution, abort)
        return bool(stopped)

    def describe(self, name: str) -> ExecutionStatus | None:
        """What is known of an execution; None if it is unknown or forgotten."""
        execution = self._running.get(name)
        if execution is not None:
            with execution.lock:
                return _status(execution)
        record = self._ended.get(name)
        return None if record is None else record.status

    def runs_any(self) -> bool:
        """Whether executions are running, or were when the engine was closed."""
        return bool(self._running)

    def history(self, name: str) -> list[StateEntered]:
        """The states that an execution has entered, in order; empty unless the engine traces.

        Raises:
            ExecutionDoesNotExist: it is unknown or forgotten.
        """
        execution = self._running.get(name)
        return list((self._record(name) if execution is None else execution).trace or ())

    def wait(self, name: str, timeout: float | None = None) -> ExecutionStatus:
        """Wait until an execution has ended and `on_status` has been told.

        Raises:
            ExecutionDoesNotExist: it is unknown or forgotten.
            TimeoutError: it has not ended within `timeout` seconds.
        """
        execution = self._running.get(name)
        if execution is None:
            return self._record(name).status
        ended = threading.Event()
        with execution.lock:
            if execution.told:
                ended.set()
            else:
                execution.watchers = (*execution.watchers, ended.set)
        if not ended.wait(timeout):
            raise TimeoutError(f"execution {name!r} is still in state {execution.root.state.name!r} after {timeout} s")
        return _status(execution)

    def send_task_success(self, token: str, output: Any) -> None:
        """Answer a task's token with its result.

        Raises:
            TaskDoesNotExist: the engine gave out no such token.
            TaskTimedOut: its task has ended.
            InterpreterError: the output is larger than 256 KiB, or no JSON.
        """
        self._answer(token, partial(tasks.answered, result=_plain(output, "the task's output")))

    def send_task_failure(self, token: str, error: str, cause: str) -> None:
        """Answer a task's token with a failure.

        Raises:
            TaskDoesNotExist: the engine gave out no such token.
            TaskTimedOut: its task has ended.
        """
        self._answer(token, partial(tasks.failed, error=StateError(error, cause)))

    def send_task_heartbeat(self, token: str) -> None:
        """Say that a token's task is still being worked on.

        Raises:
            TaskDoesNotExist: the engine gave out no such token.
            TaskTimedOut: its task has ended.
        """
        self._answer(token, tasks.beat)

    def close(self, *, timeout: float) -> None:
        """Take no more work, and wait up to `timeout` seconds for running invocations; executions stay as they are."""
        with self._names:
            self._closed = True
        self._timers.close()
        if not self._pool.close(timeout):
            _log.warning("functions are still running after %s s; their results are dropped", timeout)

    def _new_execution(self, machine: Machine, name: str, data: Any) -> Execution:
        now = self._clock.now()
        execution = Execution(name, machine, self._host, now, trace=[] if self._trace else None)
        scope = machine.scope
        history = History(execution_context(name, machine.name, data, now), 1)
        execution.root = Branch(execution, scope, history, scope.states[scope.start], data, now)
        return execution

    def _open(self, execution: Execution, data: Any) -> None:
        machine = execution.machine
        if machine.timeout is not None:
            expire = partial(self._turn, execution, partial(_conclude, execution, Status.TIMED_OUT, TIMEOUT, None))
            execution.timeout = self._timers.at(execution.started.timestamp() + machine.timeout, expire)
        go(execution.root, machine.scope.start, data, execution.started)

    def _turn(self, execution: Execution, action: Callable[[], None]) -> None:
        """Let an execution move, then carry out what came of it."""
        self._pool.submit(self._move(execution, action))

    def _move(self, execution: Execution, action: Callable[[], None]) -> list[Job]:
        with execution.lock:
            if execution.status is not Status.RUNNING:
                return []
            try:
                action()
                drive(execution)
            except Exception as error:  # noqa: BLE001 - it ends this execution, not the engine
                _log.exception("internal error in execution %s", execution.name)
                conclude(execution, Status.FAILED, error=RUNTIME, cause=f"Internal error: {error!r}")
            jobs, execution.jobs = execution.jobs, []
            if execution.status is Status.RUNNING:
                return jobs
        self._tell_end(execution)
        return []

    def _tell_end(self, execution: Execution) -> None:
        status = _status(execution)
        if self._on_status is not None:
            try:
                self._on_status(status)
            except Exception:  # noqa: BLE001 - the listener's fault is not the execution's
                _log.exception("on_status failed for execution %s", execution.name)
        with self._names:
            self._ended[execution.name] = _Record(status, execution.trace)
            del self._running[execution.name]
            while len(self._ended) > KEPT:
                self._ended.popitem(last=False)
        with execution.lock:
            execution.told = True
        for watcher in execution.watchers:
            watcher()

    def _record(self, name: str) -> _Record:
        record = self._ended.get(name)
        if record is None:
            raise ExecutionDoesNotExist(f"no execution {name!r} is running or ended recently")
        return record

    def _fire(self, activity: Activity, action: Callable[[Branch], None]) -> None:
        self._turn(activity.branch.execution, partial(_if_current, activity, action))

    def _answer(self, token: str, action: Callable[[Branch], None]) -> None:
        activity = self._host.tokens.get(token)
        taken: list[Branch] = []

        def take(branch: Branch) -> None:
            taken.append(branch)
            action(branch)

        if activity is not None:
            self._fire(activity, take)
        elif token not in self._host.closed_tokens:
            raise TaskDoesNotExist("no such task token was given out by this process")
        if not taken:
            raise TaskTimedOut("the task of this token has ended")

    def _perform(self, job: Job) -> list[Job]:
        """Make an invocation, on a thread of the pool; returns what follows from its result."""
        activity = job.activity
        if activity.branch.activity is not activity:
            return []
        tasks.begin(activity)
        action: Callable[[Branch], None]
        try:
            action = partial(tasks.returned, result=call(self._invoke, job.function, job.payload))
        except StateError as error:
            action = partial(tasks.failed, error=error)
        return self._move(activity.branch.execution, partial(_if_current, activity, action))


@dataclass(frozen=True, slots=True)
class _Record:
    """What is kept of an ended execution."""

    status: ExecutionStatus
    trace: list[StateEntered] | None


def _plain(value: Any, what: str) -> Any:
    """The caller's value as JSON that nobody else holds."""
    try:
        return json.loads(bounded(value, "it"))
    except StateError as error:
        raise InterpreterError(f"{what} is not valid: {error.cause}") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise InterpreterError(f"{what} is no JSON: {error}") from error


def _conclude(execution: Execution, status: Status, error: str | None, cause: str | None) -> None:
    execution.root.history.events += 1
    conclude(execution, status, error=error, cause=cause)


def _if_current(activity: Activity, action: Callable[[Branch], None]) -> None:
    branch = activity.branch
    if branch.activity is activity:
        action(branch)


def _status(execution: Execution) -> ExecutionStatus:
    return ExecutionStatus(
        execution.name,
        execution.status,
        execution.started,
        execution.ended,
        execution.output,
        execution.error,
        execution.cause,
        execution.transitions,
        execution.root.history.events,
    )
