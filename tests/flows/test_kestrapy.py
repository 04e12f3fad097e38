"""Kestra's own Python client, in both of its generations, works against the server unchanged.

The two exclude each other, so each is installed for itself below `.cache/`, on top of what our environment has, and
used by a process of its own.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import REPOSITORY
from flows.thermik_server import Server

CACHE = REPOSITORY / ".cache" / "kestrapy"
BESIDES = ("regex", "sseclient-py")
"""What it imports and our environment may lack; the first it does not declare."""

INSTALL_SECONDS = 60


def _installed(version: str) -> Path:
    place = CACHE / version
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{version}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "finished").exists():
            options = ["--quiet", "--no-deps", "--python", sys.executable, "--target", str(place)]
            command = [sys.executable, "-m", "uv", "pip", "install", *options, f"kestrapy=={version}", *BESIDES]
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
            except subprocess.TimeoutExpired:
                pytest.skip(f"kestrapy {version} could not be installed in {INSTALL_SECONDS} s")
            if done.returncode:
                pytest.skip(f"kestrapy {version} cannot be installed: {done.stderr.strip()[-300:]}")
            (place / "finished").touch()
    return place


@pytest.mark.parametrize("script", ["kestrapy_session", "kestrapy_calls"])
@pytest.mark.parametrize("version", ["1.3.1", "2.0.3"])
def test_a_day_with_kestras_client_and_each_of_its_calls(thermik_server: Server, version: str, script: str) -> None:
    path = Path(__file__).with_name(f"{script}.py")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(path), thermik_server.url, f"{script.replace('_', '.')}.v{version}"],
        env={**os.environ, "PYTHONPATH": str(_installed(version))},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert version in done.stdout
