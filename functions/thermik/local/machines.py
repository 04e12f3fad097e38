"""Machines on a laptop: the embedded interpreter, in this process.

It keeps nothing: after a crash, whoever takes over an execution starts its machine again from the beginning, and
task runs that ended answer at once (`Repeatable operations` in DESIGN's words).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from thermik.clock import Clock
from thermik.executions.model import Execution
from thermik.local.interpreter import Engine, ExecutionExists, ExecutionStatus, Timers, TokenError
from thermik.machines.asl import start_input
from thermik.machines.client import machine_name
from thermik.machines.compiler import Definition


class EmbeddedMachines:
    """`Machines` on the interpreter; for `timers` and `trace` see `Engine`."""

    def __init__(
        self,
        invoke: Callable[[Mapping[str, Any]], dict[str, Any]],
        clock: Clock,
        *,
        owner: str,
        workers: int,
        on_ended: Callable[[ExecutionStatus], None],
        timers: Timers | None = None,
        trace: bool = False,
    ) -> None:
        self._owner = owner
        self.engine = Engine(
            lambda _function, payload: invoke(payload),
            clock=clock,
            workers=workers,
            on_status=on_ended,
            timers=timers,
            trace=trace,
        )

    def owner(self) -> str:
        """The token of this process."""
        return self._owner

    def start(self, execution: Execution, definition: Definition, at: datetime | None = None) -> None:
        """Run the machine, unless it runs."""
        try:
            self.engine.start(definition.text, machine_name(execution), start_input(execution.id, at))
        except ExecutionExists:
            return

    def stop(self, execution: Execution, cause: str) -> None:
        """End the machine."""
        self.engine.stop(machine_name(execution), "Stopped", cause)

    def answer(self, _execution: Execution, token: str, output: dict[str, Any]) -> bool:
        """Send a token's answer."""
        try:
            self.engine.send_task_success(token, output)
        except TokenError:
            return False
        return True

    def close(self, seconds: float) -> None:
        """Let what is at work end, for so long."""
        self.engine.close(timeout=seconds)
