"""The mark in the environment of every process that a script starts, by which it is found wherever it went.

A mark is `<owner>:<random>`. The owner is the process that runs scripts, by the token that others on the data directory
know it by: so whoever takes over from one that was killed ends its scripts first. Where nobody takes over (Lambda,
whose scripts end with their sandbox) there is none, and the mark is the random part alone.

Limits: without /proc (macOS) nothing is found, and neither is a process that wiped its environment.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from thermik.identity import new_id

MARK = "THERMIK_PROCESS"
"""The environment variable that tells a run's processes from all others."""

_SWEEPS = 20
_SWEEP_PAUSE = 0.005
_PROC = Path("/proc")
_owner: list[str] = []


def belong_to(owner: str) -> None:
    """Scripts that this process starts from now on carry the owner's token."""
    _owner[:] = [owner]


def new_mark() -> str:
    """A mark for one run."""
    return ":".join([*_owner, new_id()])


def kill_marked(mark: str) -> None:
    """Kill the processes of one run; they are gone afterwards, unless the kernel cannot end one."""
    _kill(f"{MARK}={mark}".encode())


def kill_scripts_of(owner: str) -> None:
    """Kill what a process that died has left at work."""
    _kill(f"{MARK}={owner}:".encode())


def _kill(part: bytes) -> None:
    """Kill all with this in their environment; repeated, since a process may fork while it is looked for."""
    for _ in range(_SWEEPS):
        strays = _with(part)
        if not strays:
            return
        for pid in strays:
            with suppress(ProcessLookupError):  # it ended by itself
                os.kill(pid, signal.SIGKILL)
        time.sleep(_SWEEP_PAUSE)


def _with(part: bytes) -> list[int]:
    """The processes with this in their environment. Zombies have none."""
    found = []
    for entry in _PROC.glob("[0-9]*"):
        try:
            if part in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue  # another user's, or gone
    return found
