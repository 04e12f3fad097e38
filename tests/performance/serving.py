"""A `thermik server` of its own for the benchmark, and what it takes to ask it."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from workloads import NAMESPACE

THERMIK = Path(sys.executable).with_name("thermik")
BASE = "/api/v1/main"


def program_environment(bytecode: Path) -> dict[str, str]:
    """The environment of programs that are measured: no settings, and bytecode kept, as installations have it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("THERMIK_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**kept, "PYTHONPYCACHEPREFIX": str(bytecode)}


class Server:
    """The server, within `with`."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory()
        path = Path(self._directory.name)
        self._process = subprocess.Popen(
            [THERMIK, "server", "--port", "0", "--data", path / "data"],
            stdout=subprocess.PIPE,
            text=True,
            env=program_environment(path / "bytecode"),
        )

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        found = re.search(r"http://([\d.]+):(\d+)", self._process.stdout.readline())
        if found is None:
            raise RuntimeError("the server does not tell where it listens")
        self._host, self._port = found[1], int(found[2])
        self._connection = http.client.HTTPConnection(self._host, self._port, timeout=120)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        self._process.terminate()
        self._process.wait(30)
        self._directory.cleanup()

    def reconnect(self) -> None:
        """Begin with a new connection: the server closes one that was idle for long."""
        self._connection.close()

    def save(self, source: str) -> None:
        """Create a flow."""
        self._call("POST", f"{BASE}/flows", source, {"Content-Type": "application/x-yaml"})

    def run(self, flow: str) -> float:
        """Start an execution and wait for its end, over the connection that is kept; seconds."""
        began = time.perf_counter()
        ended = self._call("POST", f"{BASE}/executions/{NAMESPACE}/{flow}?wait=true")
        took = time.perf_counter() - began
        if ended["state"]["current"] != "SUCCESS":
            raise RuntimeError(f"execution {ended['id']} is {ended['state']['current']}")
        return took

    def run_many(self, flow: str, number: int) -> float:
        """Start so many executions at once, each over its own connection, and wait for all; seconds."""
        return asyncio.run(self._run_many(flow, number))

    async def _run_many(self, flow: str, number: int) -> float:
        connections = [await asyncio.open_connection(self._host, self._port) for _ in range(number)]
        path = f"{BASE}/executions/{NAMESPACE}/{flow}?wait=true"
        request = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()

        async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(request)
            answer = await reader.read(-1)
            writer.close()
            if b'"current":"SUCCESS"' not in answer:
                raise RuntimeError(answer[:500].decode(errors="replace"))

        began = time.perf_counter()
        await asyncio.gather(*(ask(*connection) for connection in connections))
        return time.perf_counter() - began

    def memory(self) -> float:
        """Resident memory in MiB."""
        shown = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(self._process.pid)], capture_output=True, text=True, check=True
        )
        return int(shown.stdout) / 1024

    def _call(self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None) -> Any:
        self._connection.request(method, path, body.encode(), headers or {})
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:500].decode(errors='replace')}")
        return json.loads(content) if content else None


class Peak:
    """The highest memory of a server within `with`, in MiB."""

    def __init__(self, server: Server) -> None:
        self.value = 0.0
        self._server = server
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.value = max(self.value, self._server.memory())
            if self._over.wait(0.05):
                return
