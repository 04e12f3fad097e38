"""What can go wrong, split by who must act.

    InterpreterError
    ├── InvalidDefinition       whoever made the definition
    ├── ExecutionExists         the caller of `start`: the work is already there
    ├── ExecutionDoesNotExist   the caller of `wait` or `history`
    ├── EngineClosed            the caller: the engine takes no more work
    └── TokenError              the caller of `send_task_*`: nobody waits for this answer
        ├── TaskDoesNotExist        no such token was given out by this engine
        └── TaskTimedOut            it was, but its task has ended

`StateError` is none of these: it is a failure inside an execution, what Retry and Catch see.
"""

from __future__ import annotations

from typing import Any

ALL = "States.ALL"
TASK_FAILED = "States.TaskFailed"
TIMEOUT = "States.Timeout"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
RUNTIME = "States.Runtime"
DATA_LIMIT = "States.DataLimitExceeded"
NO_CHOICE = "States.NoChoiceMatched"
RESULT_PATH = "States.ResultPathMatchFailure"
INTRINSIC = "States.IntrinsicFailure"
TOLERANCE = "States.ExceedToleratedFailureThreshold"


class InterpreterError(Exception):
    """Any error that the engine raises to its caller."""


class InvalidDefinition(InterpreterError):
    """The state machine's definition is not valid ASL, or uses what this interpreter does not have."""


class ExecutionExists(InterpreterError):
    """An execution of this name is running or ended recently."""


class ExecutionDoesNotExist(InterpreterError):
    """No execution of this name is running or ended recently."""


class EngineClosed(InterpreterError):
    """The engine has been closed."""


class TokenError(InterpreterError):
    """An answer came for a task that does not wait for it."""


class TaskDoesNotExist(TokenError):
    """This engine gave out no such task token."""


class TaskTimedOut(TokenError):
    """The token's task has ended: answered, timed out, failed or stopped."""


class StateError(Exception):
    """A state failed, with an error name and a cause as Retry, Catch and DescribeExecution show them."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(error, cause)
        self.error = error
        self.cause = cause

    @property
    def output(self) -> dict[str, Any]:
        """The error output that a catcher passes on."""
        return {"Error": self.error, "Cause": self.cause}
