"""Scripts of the same user cannot look into the process that runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import REPOSITORY
from thermik.local.runtime import Runtime

DUMPABLE = "import ctypes; dumpable = lambda: ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)\n"
SERVER = """
import sys
from pathlib import Path
from thermik.local import server
from thermik.settings import Settings
server._listen = lambda *_: print(dumpable())
server.Runtime = lambda *_, **__: sys.exit()
before = dumpable()
print(before)
server.serve(Settings(data=Path("nowhere"), username="a@b.cd", password="Secret-1234"))
"""
CHILD = """
import subprocess
from thermik.hardening import close_to_scripts
close_to_scripts()
subprocess.run(["/bin/sh", "-c", "head -c 1 /proc/$PPID/environ || echo closed; head -c 1 /proc/self/environ"])
"""
STACK = {
    "AWS_REGION": "eu-west-1",
    "THERMIK_TABLE": "table",
    "THERMIK_BUCKET": "bucket",
    "THERMIK_WORKER_ARN": "arn:aws:lambda:eu-west-1:123456789012:function:demo-worker:live",
    "THERMIK_MACHINE_ROLE_ARN": "arn:aws:iam::123456789012:role/machines",
    "THERMIK_MACHINE_PREFIX": "demo-",
    "POWERTOOLS_SERVICE_NAME": "demo",
}
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux closes a process")


def _said_by(code: str, **environment: str) -> list[str]:
    inherited = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY / "functions")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=inherited | environment, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@linux
def test_a_server_is_closed_before_it_listens() -> None:
    assert _said_by(DUMPABLE + SERVER) == ["1", "0"]


@linux
def test_a_worker_is_closed_on_lambda_and_nowhere_else() -> None:
    code = DUMPABLE + "import handlers.worker; print(dumpable())"
    assert _said_by(code, **STACK, AWS_LAMBDA_FUNCTION_NAME="demo-worker") == ["0"]
    assert _said_by(code, **STACK) == ["1"]


@linux
@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_child_reads_its_own_environment_and_not_its_parents() -> None:
    assert _said_by(CHILD)[0] == "closed"


def test_a_data_directory_is_made_for_its_user_only(tmp_path: Path) -> None:
    runtime = Runtime(tmp_path / "data")
    runtime.close()
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
