"""An interpreter of Amazon States Language inside this process: what Step Functions is to a deployed Thermik.

It runs the same machine JSON (JSONPath mode), so that a laptop and the tests take the path that AWS takes; where an
emulator and AWS's documentation differ, it does as AWS documents. It keeps nothing durable: an execution lives as
long as the process. From text to movement:

    definition   text → compiled states, once per definition (paths, intrinsics, templates, choices are closures)
    frames       what an execution under way consists of: branches, joins, activities
    steps        entering a state: Pass, Choice, Wait, Succeed, Fail; tasks and fanout for the rest
    moves        leaving, failing (Retry, Catch), ending, stopping
    engine       executions by name, tokens; timers and pool bring the events

Nothing polls, and only invocations take a thread: an execution that waits is a few small objects and a timer.
"""

from __future__ import annotations

from thermik.local.interpreter.engine import Engine
from thermik.local.interpreter.errors import (
    EngineClosed,
    ExecutionDoesNotExist,
    ExecutionExists,
    InterpreterError,
    InvalidDefinition,
    TaskDoesNotExist,
    TaskTimedOut,
    TokenError,
)
from thermik.local.interpreter.skipping import SkippingClock
from thermik.local.interpreter.status import ExecutionStatus, StateEntered, Status
from thermik.local.interpreter.timers import Timers

__all__ = [
    "Engine",
    "EngineClosed",
    "ExecutionDoesNotExist",
    "ExecutionExists",
    "ExecutionStatus",
    "InterpreterError",
    "InvalidDefinition",
    "SkippingClock",
    "StateEntered",
    "Status",
    "TaskDoesNotExist",
    "TaskTimedOut",
    "Timers",
    "TokenError",
]
