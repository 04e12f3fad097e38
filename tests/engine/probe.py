"""A task whose work a test gives as a Python function: it waits where the test says, fails when the test says."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from pydantic import Field

from thermik.tasks.runnable import RunContext, RunnableTask, TaskFailure

TYPE = "thermik.tests.Probe"
PLACE = "engine.probe:Probe"

Action = Callable[[RunContext], Any]

_actions: dict[str, Action] = {}


class Probe(RunnableTask):
    """Does what a test registered under `call`."""

    call: str = Field(description="The name of what the test registered.")

    def run(self, context: RunContext) -> Any:
        return _actions[self.call](context)


def probe(task_id: str, action: Action, **properties: Any) -> dict[str, Any]:
    """A task that does this."""
    call = f"{task_id}-{id(action)}"
    _actions[call] = action
    return {"id": task_id, "type": TYPE, "call": call, **properties}


class Gate:
    """Work that begins and then waits until it is let go, or interrupted."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.open = threading.Event()
        self.runs: Counter[str] = Counter()

    def __call__(self, context: RunContext) -> None:
        self.runs[context.task_id] += 1
        context.on_interrupt(self.open.set)
        self.begun.release()
        assert self.open.wait(30), "nobody opened the gate"
        context.check()

    def await_begun(self, times: int = 1) -> None:
        for _ in range(times):
            assert self.begun.acquire(timeout=30), "the task did not begin"


class Flaky:
    """Work that fails so many times, and counts."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.runs = 0

    def __call__(self, context: RunContext) -> dict[str, Any]:
        self.runs += 1
        if self.runs <= self.failures:
            raise TaskFailure(f"failure {self.runs}")
        return {"runs": self.runs}
