"""What lets the program start soon, and lets its threads have the interpreter when they need it."""

from __future__ import annotations

import gc
import sys

from thermik.startup import without_pydantic_plugins

SWITCH_SECONDS = 0.0001
"""How long a busy thread may keep the interpreter from others. A durable commit gives it up while the disk works, and
must win it back: at Python's 5 ms that takes 16 ms beside one busy thread, and 0.4 ms at this."""


def begin() -> None:
    """While modules are imported the collector rests: what they make stays, and looking through it takes a tenth."""
    gc.disable()
    without_pydantic_plugins()


def work() -> None:
    """What is needed was imported: from now on the collector looks at what the work leaves, and threads take turns."""
    sys.setswitchinterval(SWITCH_SECONDS)
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
