"""Large files go to where the server says, and into the form where it says nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from thermik.cli.client import Start
from thermik.cli.failures import CommandFailed
from thermik.cli.http_client import HttpClient
from thermik.cli.uploads import DIRECT_BYTES
from thermik.settings import Settings

URI = "kestra:///cli/filed/executions/0123456789012345678901/inputs/data/data.upl"


class Handler(BaseHTTPRequestHandler):
    """An API that offers uploads, the storage that it offers, and a file that lies there."""

    server: Recorder

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.server.seen.append((self.path, dict(self.headers), body))
        path = self.path.partition("?")[0]
        if path == "/storage":
            self._answer(403 if b"refused" in body else 204)
        elif not path.endswith("/uploads"):
            self._answer(200, {"id": "started"})
        elif self.server.offers:
            offer = {"url": f"{self.server.url}/storage", "fields": {"key": "k", "policy": "p"}}
            self._answer(200, {**offer, "uploads": [{**offer, "input": "data", "uri": URI}]})
        else:
            self._answer(self.server.without)

    def do_GET(self) -> None:
        self.server.seen.append((self.path, dict(self.headers), b""))
        if self.path == "/storage":
            self._answer(200, {"far": True})
            return
        self.send_response(302)
        self.send_header("Location", f"{self.server.url}/storage")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, status: int, value: Any = None) -> None:
        content = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Silent."""


class Recorder(ThreadingHTTPServer):
    daemon_threads = True
    offers = True
    without = 204

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def paths(self) -> list[str]:
        return [path.removeprefix("/api/v1/main") for path, _, _ in self.seen]


@pytest.fixture
def server() -> Iterator[Recorder]:
    recorder = Recorder()
    thread = threading.Thread(target=recorder.serve_forever)
    thread.start()
    yield recorder
    recorder.shutdown()
    thread.join()
    recorder.server_close()


@pytest.fixture
def client(server: Recorder) -> Iterator[HttpClient]:
    client = HttpClient(server.url, Settings(token="secret"))
    yield client
    client.close()


def _file(tmp_path: Path, size: int = DIRECT_BYTES + 1, content: bytes = b"x") -> Path:
    path = tmp_path / "data.bin"
    path.write_bytes(content * (size // len(content) + 1))
    return path


def test_a_large_input_is_sent_ahead_and_its_uri_given(server: Recorder, client: HttpClient, tmp_path: Path) -> None:
    assert client.start(Start("cli", "filed", inputs={"a": "1"}, files={"data": _file(tmp_path)})) == {"id": "started"}

    assert server.paths() == [
        "/executions/cli/filed/uploads?input=data&fileName=data.bin",
        "/storage",
        "/executions/cli/filed",
    ]
    (_, _, _), (_, headers, sent), (_, _, form) = server.seen
    assert "Authorization" not in headers  # the storage has no business with the server's credentials
    assert sent.index(b'name="policy"') < sent.index(b'name="file"')
    assert sent.count(b"x") > DIRECT_BYTES
    assert URI.encode() in form
    assert len(form) < 1000


@pytest.mark.parametrize("status", [204, 404])
def test_a_server_that_offers_nothing_gets_the_form(
    server: Recorder, client: HttpClient, tmp_path: Path, status: int
) -> None:
    server.offers, server.without = False, status

    client.start(Start("cli", "filed", files={"data": _file(tmp_path)}))

    assert server.paths() == ["/executions/cli/filed/uploads?input=data&fileName=data.bin", "/executions/cli/filed"]
    assert len(server.seen[-1][2]) > DIRECT_BYTES


def test_a_small_input_goes_straight_into_the_form(server: Recorder, client: HttpClient, tmp_path: Path) -> None:
    client.start(Start("cli", "filed", files={"data": _file(tmp_path, 1000)}))

    assert server.paths() == ["/executions/cli/filed"]


def test_many_inputs_that_are_large_together_are_sent_ahead(
    server: Recorder, client: HttpClient, tmp_path: Path
) -> None:
    half = _file(tmp_path, DIRECT_BYTES // 2 + 100)

    client.start(Start("cli", "filed", files={"data": half, "more": half}))

    assert (
        server.paths()[0] == "/executions/cli/filed/uploads?input=data&fileName=data.bin&input=more&fileName=data.bin"
    )


def test_a_refusal_of_the_storage_is_told(client: HttpClient, tmp_path: Path) -> None:
    file = _file(tmp_path, content=b"refused")

    with pytest.raises(CommandFailed, match=r"refuses .*data\.bin: 403"):
        client.start(Start("cli", "filed", files={"data": file}))


def test_a_large_namespace_file_is_sent_to_the_storage(server: Recorder, client: HttpClient, tmp_path: Path) -> None:
    client.write_namespace_file("cli", "a b.bin", _file(tmp_path))

    assert server.paths() == ["/namespaces/cli/files/uploads?path=a+b.bin", "/storage"]


def test_a_file_is_fetched_from_where_the_answer_says(server: Recorder, client: HttpClient) -> None:
    sink = BytesIO()

    client.read_namespace_file("cli", "a.json", sink)

    assert sink.getvalue() == b'{"far": true}'
    assert "Authorization" not in server.seen[-1][1]
