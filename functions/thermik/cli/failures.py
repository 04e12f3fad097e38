"""What a command tells when it fails: one line for people, never a traceback, and an exit code.

Exit codes: 0 done; 1 failed; 2 called wrongly; 130 interrupted or killed.
"""

from __future__ import annotations

import os
import sys
import traceback

FAILED = 1
MISUSED = 2
INTERRUPTED = 130

DEBUG = "THERMIK_LOG_LEVEL"
"""With this set to DEBUG an error that nobody foresaw shows where it came from."""


class CommandFailed(Exception):
    """A command cannot do what it was asked to; the message says why, and what to do about it."""

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def tell(error: Exception) -> int:
    """Print an error for people on stderr; its exit code.

    Thermik's own exceptions and the system's are written for people; any other is a mistake of ours.
    """
    if isinstance(error, CommandFailed):
        say(str(error))
        return error.exit_code
    if type(error).__module__.startswith("thermik."):
        say(str(error))
        return MISUSED if type(error).__name__ == "SettingsError" else FAILED
    if isinstance(error, OSError):
        say(_of_the_system(error))
        return FAILED
    say(f"an error that should not happen, please report it: {type(error).__name__}: {error}")
    if os.environ.get(DEBUG, "").upper() == "DEBUG":
        traceback.print_exception(error)
    else:
        say(f"{DEBUG}=DEBUG shows where it happened")
    return FAILED


def say(message: str) -> None:
    """A message on stderr, each line with the program's name."""
    for line in message.splitlines() or [""]:
        print(f"thermik: {line}", file=sys.stderr)  # noqa: T201 - this is how a command line speaks


def _of_the_system(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error)
