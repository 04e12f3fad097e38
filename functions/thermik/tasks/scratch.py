"""A directory for files on their way, which is gone when the task has ended."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def scratch() -> Iterator[Path]:
    """An empty directory, removed at the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="thermik-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
