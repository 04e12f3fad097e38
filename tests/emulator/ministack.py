"""Starts MiniStack, an emulator of AWS in one process, and ends it whatever happens.

It runs in an environment of its own, and all but stock: see `launch_ministack.py`. What it does differently from AWS,
as far as these tests meet it:

- A function runs under the emulator's own Python, so its packages are those for this machine, in the same versions.
- The zip is unpacked for every process of a function. So it has our code only; the packages are on PYTHONPATH.
- A state with a task token whose function fails waits forever: nothing is tried again.
- A distributed Map runs like an inline one.
- The API's address is a path of the emulator, not a host: see `api_url`.
- Time to live in a template is ignored.
- Roles are enforced for the functions (`AUTH`), so a permission that the template lacks fails a test; the role of
  the state machines is not.
- The secret that a stack makes ignores `ExcludePunctuation`, and `!Ref` of it is its name, not its ARN as on AWS
  (`Id` is the ARN on both).
- Parallel and Map do not stop at the first failure, and MaxConcurrencyPath is ignored.
- It ends slowly on SIGTERM, or never while a task token is open inside of a Map.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

START_SECONDS = 30
GRACE_SECONDS = 5
TRIES = 3

LAUNCH = Path(__file__).with_name("launch_ministack.py")


@contextmanager
def running(environment: Path, folder: Path, packages: Path) -> Iterator[str]:
    """The address of an emulator that is ready; its log is `ministack.log` in the folder.

    Args:
        packages: what the functions import beside their zips.
    """
    with (folder / "ministack.log").open("wb") as log:
        process, endpoint = _start(environment, folder, packages, log.fileno())
        try:
            yield endpoint
        finally:
            _end(process)


def api_url(endpoint: str, api_id: str) -> str:
    """Where the emulator serves the stage `$default` of an HTTP API."""
    return f"{endpoint}/_aws/execute-api/{api_id}/$default"


def _start(environment: Path, folder: Path, packages: Path, log: int) -> tuple[subprocess.Popen[bytes], str]:
    """Another program may take the free port between our look and the emulator's start: then try again."""
    for _ in range(TRIES):
        endpoint = f"http://127.0.0.1:{_free_port()}"
        process = subprocess.Popen(
            [environment / "bin" / "python", "-P", LAUNCH, packages],  # -P: a module beside it has the emulator's name
            env=_environment(endpoint, folder),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        if _is_ready(process, endpoint):
            return process, endpoint
        _end(process)
    said = (folder / "ministack.log").read_text(errors="replace")[-2000:]
    raise RuntimeError(f"MiniStack did not start:\n{said}")


def _environment(endpoint: str, folder: Path) -> dict[str, str]:
    """Nothing of ours but the path: the functions inherit what the emulator has."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "GATEWAY_PORT": endpoint.rpartition(":")[2],
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "LAMBDA_EXECUTOR": "local",
        "AUTH": "true",
        "AWS_ENDPOINT_URL": endpoint,
    }


def _is_ready(process: subprocess.Popen[bytes], endpoint: str) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{endpoint}/_ministack/ready", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask, then insist; the functions' processes are in its group and go with it."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
