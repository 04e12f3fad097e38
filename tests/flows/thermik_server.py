"""A server as a process of its own, on a data directory of its own and a free port; and the calls that tests make."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from conftest import REPOSITORY

ENDED = {"SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED", "SKIPPED"}
SECONDS = 60


@dataclass
class Server:
    """A running server."""

    url: str
    process: subprocess.Popen[str]
    session: requests.Session = field(default_factory=requests.Session)

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """A request below the tenant."""
        return self.session.request(method, f"{self.url}/api/v1/main{path}", timeout=SECONDS, **options)

    def json(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        """The JSON of an answer that must have this status."""
        answer = self.call(method, path, **options)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def put_flow(self, source: str, status: int = 200) -> Any:
        """Save a new flow."""
        headers = {"Content-Type": "application/x-yaml"}
        return self.json("POST", "/flows", status, data=source.encode(), headers=headers)

    def start(
        self,
        namespace: str,
        flow: str,
        inputs: Mapping[str, Any] | None = None,
        files: Mapping[str, bytes] | None = None,
        **params: Any,
    ) -> Any:
        """Start an execution."""
        parts: list[tuple[str, Any]] = [(name, (None, str(value))) for name, value in (inputs or {}).items()]
        parts += [(name, (f"{name}.txt", content)) for name, content in (files or {}).items()]
        return self.json("POST", f"/executions/{namespace}/{flow}", params=params, files=parts or {"": (None, "")})

    def run(self, namespace: str, flow: str, inputs: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """Start an execution and wait for its end."""
        return self.start(namespace, flow, inputs, wait="true", **more)

    def until(self, execution_id: str, states: set[str] | None = None) -> Any:
        """The execution once it has one of these states."""
        deadline = time.monotonic() + SECONDS
        while True:
            execution = self.json("GET", f"/executions/{execution_id}")
            if execution["state"]["current"] in (states or ENDED):
                return execution
            assert time.monotonic() < deadline, f"still {execution['state']['current']}"
            time.sleep(0.05)


@contextmanager
def running(data: Path, *arguments: str, **environment: str) -> Iterator[Server]:
    """A server, stopped at the end as an operator would."""
    command = [sys.executable, "-c", "from thermik.cli.main import main; main()", "server", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--data", str(data), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "functions"), **environment},
    )
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found, "the server does not tell where it listens"
    server = Server(found[0], process)
    try:
        yield server
    finally:
        server.session.close()
        process.terminate()
        process.wait(SECONDS)


def events(answer: requests.Response) -> Iterator[tuple[str, Any]]:
    """The events of a stream: their ids and data."""
    name = ""
    for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
        if line.startswith("id: "):
            name = line.removeprefix("id: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))
