# ruff: noqa: INP001 - the folder is put on a script's PYTHONPATH, it is no package of ours
"""The module `kestra` of users' Python scripts: outputs, metrics and log entries by lines on standard output.

It imports nothing of Thermik, since it runs in the script's interpreter. Where the package of that name is installed,
this module gives way to it.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import sys
import time
from collections.abc import Callable, Mapping
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

_LEVELS = ((logging.ERROR, "ERROR"), (logging.WARNING, "WARN"), (logging.INFO, "INFO"), (logging.DEBUG, "DEBUG"))


def _send(message: Mapping[str, Any]) -> None:
    sys.stdout.write("::" + json.dumps(message) + "::\n")
    sys.stdout.flush()


class _MarkerHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        level = next((name for number, name in _LEVELS if record.levelno >= number), "TRACE")
        _send({"logs": [{"level": level, "message": self.format(record)}]})


class Kestra:
    """What a script may tell the execution."""

    @staticmethod
    def outputs(values: Mapping[str, Any]) -> None:
        """Set outputs, read later as `outputs.<task id>.vars.<name>`."""
        _send({"outputs": values})

    @staticmethod
    def counter(name: str, value: float, tags: Mapping[str, str] | None = None) -> None:
        """Report a Counter metric."""
        _send({"metrics": [{"name": name, "type": "counter", "value": value, "tags": tags or {}}]})

    @staticmethod
    def timer(name: str, duration: float | Callable[[], Any], tags: Mapping[str, str] | None = None) -> None:
        """Report a Timer metric: a number of seconds, or a function to be called and timed."""
        if callable(duration):
            started = time.perf_counter()
            duration()
            duration = time.perf_counter() - started
        _send({"metrics": [{"name": name, "type": "timer", "value": duration, "tags": tags or {}}]})

    @staticmethod
    def logger() -> logging.Logger:
        """A logger whose entries keep their level."""
        logger = logging.getLogger("Kestra")
        if not logger.handlers:
            logger.addHandler(_MarkerHandler())
            logger.setLevel(logging.DEBUG)
            logger.propagate = False
        return logger


def _give_way() -> None:
    here = Path(__file__).resolve().parent
    installed = PathFinder.find_spec(__name__, [path for path in sys.path if Path(path).resolve() != here])
    if installed is not None and installed.loader is not None:
        module = importlib.util.module_from_spec(installed)
        sys.modules[__name__] = module
        installed.loader.exec_module(module)


if __name__ == "kestra":
    _give_way()
