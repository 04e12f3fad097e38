"""Starts and kills the processes of `serving.py`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from conftest import REPOSITORY

SERVING = Path(__file__).with_name("serving.py")


class Server:
    """A process that runs executions on a directory."""

    def __init__(self, data: Path, names: tuple[str, str, int]) -> None:
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "functions")}
        self._process = subprocess.Popen(
            [sys.executable, str(SERVING), str(data), *map(str, names)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self._hear("ready")

    def create(self, execution_id: str) -> None:
        """Let it create an execution."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{execution_id}\n")
        self._process.stdin.flush()
        self._hear(f"created {execution_id}")

    def kill(self) -> None:
        """End it as the kernel does, at whatever it is."""
        self._process.kill()
        self._close()

    def end(self) -> int:
        """Let it end by itself."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._close()
        return self._process.returncode

    def _hear(self, expected: str) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == expected

    def _close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait(30)
