"""The port through which executions get their machines: Step Functions, or the interpreter on a laptop.

An execution's machine is known by a name: the execution's id, and after a restart or a resume with a number
behind it. All calls can be repeated.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from thermik.executions.model import Execution

if TYPE_CHECKING:  # see executions/plans.py
    from thermik.machines.compiler import Definition


class MachinesUnavailable(Exception):
    """Machines cannot be started, stopped or answered now; the message says why."""


class MachineGone(Exception):
    """The machine that an execution was given is not there, and the definition at hand is another one's."""


class Machines(Protocol):
    """Starts, stops and answers machines."""

    def owner(self, of: Execution | None = None) -> str | None:
        """Which process runs the machines that are started here; None where they run by themselves (AWS).

        Args:
            of: an execution that goes on: the process that has it keeps it while it lives.
        """
        ...

    def start(self, execution: Execution, definition: Definition, at: datetime | None = None) -> None:
        """Run the machine that an execution was given for its present generation, unless it runs already.

        Args:
            definition: to make the machine from, where there is none yet.
            at: the date that a scheduled machine waits for.

        Raises:
            MachineGone: nothing runs, nor ever will: give the execution the machine of this definition.
            MachinesUnavailable: try again later; the execution stays as it is.
        """
        ...

    def stop(self, execution: Execution, cause: str) -> None:
        """End the machine of an execution, if it runs. Raises: MachinesUnavailable."""
        ...

    def answer(self, execution: Execution, token: str, output: dict[str, Any]) -> bool:
        """Let the state of an execution's machine that waits with this token go on; False if none waits any more.

        Raises: MachinesUnavailable.
        """
        ...


def machine_name(execution: Execution) -> str:
    """The name of an execution's machine in its present generation; ids have no `-` (`identity.py`)."""
    generation = execution.progress.generation
    return f"{execution.id}-{generation}" if generation else execution.id
