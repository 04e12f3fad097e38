"""Which Pythons this machine has: the package's bytecode and the emulator want the version that Lambda runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


def find_python(version: str) -> Path | None:
    """An interpreter of exactly this version (`3.13`) that runs, or None where the machine has none."""
    for candidate in _candidates(version):
        if python_version(candidate) == version:
            return candidate
    return None


def python_version(interpreter: Path) -> str | None:
    """The `major.minor` that an interpreter says it is; None if it does not run."""
    question = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run([interpreter, "-c", question], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


def _candidates(version: str) -> Iterator[Path]:
    yield Path(sys.executable)
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield Path(on_path)
    # pyenv's shim refuses a version that is installed but not switched on
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"), reverse=True)
