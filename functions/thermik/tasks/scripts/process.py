"""Runs one command as a group of processes and sees it to its end, whatever it does.

One thread (the caller's) reads both outputs as they come; a helper thread waits for the exit; an interrupt may come
from any thread. Both ring a bell, a pipe that the reading loop watches too, so nothing is polled.

What may be left over afterwards: nothing. The command has a session and a process group of its own. At the end the
group is killed, and then every process that carries this run's mark in its environment, which also finds those that
left the group (`setsid`, daemons). The leader stays a zombie until then, so that its group's id is nobody else's.
"""

from __future__ import annotations

import os
import resource
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import IO, Self

from thermik.tasks.scripts.lines import Line, LineSplitter
from thermik.tasks.scripts.marks import MARK, kill_marked, new_mark

KILL_GRACE = timedelta(seconds=5)
"""Between SIGTERM, with which a script may clean up, and SIGKILL."""
DRAIN_GRACE = timedelta(seconds=5)
"""For processes left in the background that still hold the outputs after the command itself ended."""
REAP_TIMEOUT = timedelta(seconds=10)
"""For the kernel to end a process after SIGKILL; longer means that it hangs in a device."""

_CHUNK = 64 * 1024
_LAST_READS = 16
"""Chunks taken from a pipe that others hold: more than a pipe holds, less than a chatterbox can fill."""


class Stream(StrEnum):
    """Where a line was printed."""

    OUT = "stdout"
    ERR = "stderr"


@dataclass(frozen=True, slots=True)
class Command:
    """What to start: the arguments, the directory, the whole environment."""

    arguments: Sequence[str]
    directory: Path
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Graces:
    """How long to wait for what; tests shorten it."""

    kill: timedelta = KILL_GRACE
    drain: timedelta = DRAIN_GRACE


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: `killed_by` where a signal ended it, `held` where others still held its outputs."""

    exit_code: int
    killed_by: signal.Signals | None
    held: bool


class CannotStart(Exception):
    """The command could not be started; the text says why."""


OnLine = Callable[[Stream, Line], None]
OnInterrupt = Callable[[Callable[[], None]], None]


def run_process(command: Command, on_line: OnLine, on_interrupt: OnInterrupt, graces: Graces | None = None) -> Ended:
    """Run a command to its end, giving each line to `on_line` in its stream's order, from the calling thread.

    Args:
        command: what to start.
        on_line: takes the lines; if it raises, the command is killed and the error goes on.
        on_interrupt: called once with the function that ends the command early (SIGTERM, a grace, SIGKILL).
        graces: how long to wait; the module's constants by default.

    Raises:
        CannotStart: no such program, arguments too long, no more processes.
    """
    mark = new_mark()
    process = _start(command, mark)
    with _Bell() as bell:
        waiter = threading.Thread(target=_ring_at_exit, args=(process, bell), daemon=True, name=f"wait-{process.pid}")
        waiter.start()
        try:
            on_interrupt(bell.interrupt)
            held = _Watch(process, bell, on_line, graces or Graces()).until_end()
        finally:
            _kill_everything(process.pid, mark)
            waiter.join(REAP_TIMEOUT.total_seconds())  # before reaping: it looks at this process by its id
            code = process.wait(REAP_TIMEOUT.total_seconds())
            for pipe in (process.stdout, process.stderr):
                _stream(pipe).close()
    return Ended(128 - code, signal.Signals(-code), held) if code < 0 else Ended(code, None, held)


def _start(command: Command, mark: str) -> subprocess.Popen[bytes]:
    try:
        process = subprocess.Popen(
            list(command.arguments),
            cwd=command.directory,
            env={**command.environment, MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            bufsize=0,
        )
    except (OSError, ValueError) as error:  # ValueError: a null byte in an argument or a variable
        raise CannotStart(str(error)) from error
    if hasattr(resource, "prlimit"):  # Linux; a core dump would fill the disk that outputs need
        with suppress(ProcessLookupError):  # it has ended already
            resource.prlimit(process.pid, resource.RLIMIT_CORE, (0, 0))
    return process


def _ring_at_exit(process: subprocess.Popen[bytes], bell: _Bell) -> None:
    if hasattr(os, "waitid"):
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    else:  # macOS before Python 3.13 cannot look without reaping
        process.wait()
    bell.exit()


def _stream(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise AssertionError("started with pipes")
    return pipe


class _Bell:
    """A pipe that wakes the reading loop; other threads may ring until it is closed, and afterwards in vain."""

    def __init__(self) -> None:
        self.fd, self._rope = os.pipe()
        self._lock = threading.Lock()
        self._open = True
        self.exited = False
        self.interrupted = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:  # a ring after this must not write into a file that got the same descriptor
            self._open = False
            os.close(self.fd)
            os.close(self._rope)

    def exit(self) -> None:
        self.exited = True
        self._ring()

    def interrupt(self) -> None:
        if not self.interrupted:
            self.interrupted = True
            self._ring()

    def _ring(self) -> None:
        with self._lock:
            if self._open:
                os.write(self._rope, b"!")


class _Watch:
    """The loop that reads, and carries out what an interrupt or the exit asks for."""

    def __init__(self, process: subprocess.Popen[bytes], bell: _Bell, on_line: OnLine, graces: Graces) -> None:
        self._pid = process.pid
        self._bell = bell
        self._on_line = on_line
        self._graces = graces
        self._splitters = {
            _stream(process.stdout).fileno(): (Stream.OUT, LineSplitter()),
            _stream(process.stderr).fileno(): (Stream.ERR, LineSplitter()),
        }
        self._kill_at: float | None = None
        self._drain_until: float | None = None

    def until_end(self) -> bool:
        """Read until the command has ended and its outputs are closed; True if they had to be left open."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._bell.fd, selectors.EVENT_READ)
            for fd in self._splitters:
                os.set_blocking(fd, False)
                selector.register(fd, selectors.EVENT_READ)
            while not self._done():
                for key, _ in selector.select(self._timeout()):
                    if key.fd == self._bell.fd:
                        os.read(key.fd, _CHUNK)
                    elif not self._read(key.fd):
                        selector.unregister(key.fd)
                self._act()
        return self._leave()

    def _done(self) -> bool:
        if not self._bell.exited:
            return False
        return not self._splitters or (self._drain_until is not None and time.monotonic() >= self._drain_until)

    def _timeout(self) -> float | None:
        times = [moment for moment in (self._kill_at, self._drain_until) if moment is not None]
        return max(0.0, min(times) - time.monotonic()) if times else None

    def _read(self, fd: int) -> bool:
        """Read what there is, once; False at the stream's end."""
        stream, splitter = self._splitters[fd]
        try:
            chunk = os.read(fd, _CHUNK)
        except BlockingIOError:
            return True
        for line in splitter.feed(chunk) if chunk else splitter.end():
            self._on_line(stream, line)
        if not chunk:
            del self._splitters[fd]
        return bool(chunk)

    def _act(self) -> None:
        now = time.monotonic()
        if self._bell.exited and self._drain_until is None:
            # who was told to stop gets no time for what it left in the background
            self._drain_until = now + (0 if self._bell.interrupted else self._graces.drain.total_seconds())
            self._kill_at = None
        if self._bell.interrupted and not self._bell.exited:
            if self._kill_at is None:
                _signal_group(self._pid, signal.SIGTERM)
                self._kill_at = now + self._graces.kill.total_seconds()
            elif now >= self._kill_at:
                _signal_group(self._pid, signal.SIGKILL)
                self._kill_at = now + self._graces.kill.total_seconds()

    def _leave(self) -> bool:
        """Take what stands in pipes that others still hold, but wait for nothing."""
        for fd, (stream, splitter) in list(self._splitters.items()):
            for _ in range(_LAST_READS):
                if not self._read(fd):
                    break
            for line in splitter.end():
                self._on_line(stream, line)
        return bool(self._splitters)


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # all have ended (macOS answers EPERM for a zombie)
        os.killpg(group, number)


def _kill_everything(group: int, mark: str) -> None:
    """Kill the group and all that left it."""
    _signal_group(group, signal.SIGKILL)
    kill_marked(mark)
