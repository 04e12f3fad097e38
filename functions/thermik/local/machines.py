"""Machines on a laptop: the embedded interpreter, in this process.

It keeps nothing: after a crash, whoever takes over an execution starts its machine again from the beginning, and
task runs that ended answer at once. An execution that another living process runs is left to that process, which is
told by a letter what is wanted of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from thermik.clock import Clock
from thermik.executions.model import Execution
from thermik.local.interpreter import Engine, ExecutionExists, ExecutionStatus, Status, Timers, TokenError
from thermik.local.mail import Letter
from thermik.machines.asl import start_input
from thermik.machines.client import machine_name
from thermik.machines.compiler import Definition


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes on the data directory: this one's token, which of the others live, and how to write to them."""

    mine: str
    lives: Callable[[str], bool]
    send: Callable[[str, Letter], None]


class EmbeddedMachines:
    """`Machines` on the interpreter; for `timers` and `trace` see `Engine`."""

    def __init__(
        self,
        invoke: Callable[[Mapping[str, Any]], dict[str, Any]],
        clock: Clock,
        *,
        processes: Processes,
        workers: int,
        on_ended: Callable[[ExecutionStatus], None],
        timers: Timers | None = None,
        trace: bool = False,
    ) -> None:
        self._processes = processes
        self.engine = Engine(
            lambda _function, payload: invoke(payload),
            clock=clock,
            workers=workers,
            on_status=on_ended,
            timers=timers,
            trace=trace,
        )

    def owner(self, of: Execution | None = None) -> str:
        """The token of this process, or of another one that lives and has the execution."""
        return self._processes.mine if of is None else self._elsewhere(of) or self._processes.mine

    def start(self, execution: Execution, definition: Definition, at: datetime | None = None) -> None:
        """Run the machine, unless it runs; in the process that has the execution."""
        other = self._elsewhere(execution)
        if other is not None:
            self._processes.send(other, {"run": execution.id})
            return
        try:
            start = start_input(execution.id, execution.progress.generation, at)
            self.engine.start(definition.text, machine_name(execution), start)
        except ExecutionExists:
            return

    def stop(self, execution: Execution, cause: str) -> None:
        """End the machine."""
        name = machine_name(execution)
        if not self.engine.stop(name, "Stopped", cause) and (other := self._elsewhere(execution)) is not None:
            self._processes.send(other, {"stop": name, "cause": cause})

    def answer(self, execution: Execution, token: str, output: dict[str, Any]) -> bool:
        """Send a token's answer, to the process that gave it out."""
        try:
            self.engine.send_task_success(token, output)
        except TokenError:
            other = self._elsewhere(execution)
            if other is None:
                return False
            self._processes.send(other, {"answer": token, "output": output})
        return True

    def act(self, letter: Letter) -> None:
        """Do what another process asks of a machine that runs here, if it still does."""
        if "answer" in letter:
            with suppress(TokenError):  # its wait has ended
                self.engine.send_task_success(letter["answer"], letter["output"])
        elif "stop" in letter:
            self.engine.stop(letter["stop"], "Stopped", letter["cause"])

    def runs(self, execution: Execution) -> bool:
        """Whether the machine of an execution, in its present generation, runs in this process."""
        status = self.engine.describe(machine_name(execution))
        return status is not None and status.status is Status.RUNNING

    def has_ended(self, execution: Execution) -> bool:
        """Whether that machine has run in this process, and has ended."""
        status = self.engine.describe(machine_name(execution))
        return status is not None and status.status is not Status.RUNNING

    def close(self, seconds: float) -> None:
        """Let what is at work end, for so long."""
        self.engine.close(timeout=seconds)

    def _elsewhere(self, execution: Execution) -> str | None:
        """The process that has an execution, if it is another one and lives."""
        owner = execution.progress.owner
        return owner if owner not in (None, self._processes.mine) and self._processes.lives(owner) else None
