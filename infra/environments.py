"""Virtual environments for tools that cannot share ours: the emulator and the SAM command line pin other versions.

Each is made once for its lock and Python, and kept under `.cache/`.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.package import REPOSITORY

ENVIRONMENTS = REPOSITORY / ".cache" / "environments"


class EnvironmentFailed(Exception):
    """An environment could not be made; the message has what the installer said."""


def environment(lock: Path, python: Path, folder: Path = ENVIRONMENTS) -> Path:
    """The folder of an environment of this Python with exactly what the lock names.

    Processes that ask at once wait for the one that makes it.

    Raises:
        EnvironmentFailed: the installation failed.
    """
    digest = hashlib.sha256(lock.read_bytes() + str(python).encode()).hexdigest()
    place = folder / f"{lock.stem}-{digest[:16]}"
    finished = place / "finished"
    if finished.exists():
        return place
    folder.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(folder / f"{place.name}.lock"):
        if not finished.exists():
            shutil.rmtree(place, ignore_errors=True)  # half of one, if the process that made it was killed
            _run(str(python), "-m", "venv", str(place))
            install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", "--no-deps"]
            _run(str(place / "bin" / "python"), *install, "--require-hashes", "--requirement", str(lock))
            finished.touch()  # last: only now is the whole environment there
    return place


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EnvironmentFailed(f"{' '.join(command)} failed:\n{done.stderr.strip()}")


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
