"""`thermik` in tests: the program as a process, flows for it, and the types of its fixtures (`conftest.py`)."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import REPOSITORY

LOG = "io.kestra.plugin.core.log.Log"
FAIL = "io.kestra.plugin.core.execution.Fail"
SLEEP = "io.kestra.plugin.core.flow.Sleep"
PAUSE = "io.kestra.plugin.core.flow.Pause"

Thermik = Callable[..., int]
Save = Callable[[str, str], Path]
Printed = pytest.CaptureFixture[str]


def program(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from thermik.cli.main import main; main()", *arguments]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY / "functions")}


def flow(name: str, *tasks: str, more: str = "") -> str:
    lines = "".join(f"  - {{id: task{number}, {task}}}\n" for number, task in enumerate(tasks))
    return f"id: {name}\nnamespace: cli.test\n{more}tasks:\n{lines}"
