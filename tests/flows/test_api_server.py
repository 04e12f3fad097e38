"""The server itself: who is let in, how it starts and ends, what it refuses to carry."""

from __future__ import annotations

import base64
import http.client
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from conftest import REPOSITORY
from flows.thermik_server import Server, running
from thermik.local.server import serve
from thermik.settings import Settings, SettingsError

SLEEPER = """\
id: sleeper
namespace: api.server
tasks:
  - {id: sleep, type: io.kestra.plugin.core.flow.Sleep, duration: PT2S}
"""


def test_credentials(tmp_path: Path) -> None:
    with running(tmp_path, "--username", "ada", "--password", "secret", THERMIK_TOKEN="token") as server:
        assert requests.get(f"{server.url}/health", timeout=10).json() == {"status": "UP"}
        for path in ("flows/search", "none", "executions/x/follow"):
            answer = requests.get(f"{server.url}/api/v1/main/{path}", timeout=10)
            assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="Thermik"')
        wrong = [{"Authorization": value} for value in ("Bearer tokens", "Basic !", "Digest token", "Bearer ")]
        wrong.append({"Authorization": "Basic " + base64.b64encode(b"ada:wrong").decode()})
        for headers in wrong:
            assert (
                requests.get(f"{server.url}/api/v1/main/flows/search", headers=headers, timeout=10).status_code == 401
            )
        right = {"Authorization": "Bearer token"}
        assert requests.get(f"{server.url}/api/v1/main/flows/search", headers=right, timeout=10).status_code == 200
        server.session.auth = ("ada", "secret")
        assert server.json("GET", "/flows/search")["total"] == 0


def test_it_does_not_listen_beyond_loopback_without_credentials(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="THERMIK_USERNAME"):
        serve(Settings(data=tmp_path, host="0.0.0.0", port=0))
    assert [*tmp_path.iterdir()] == []


def test_a_port_in_use_is_told(thermik_server: Server, tmp_path: Path) -> None:
    port = str(urlsplit(thermik_server.url).port)
    command = [sys.executable, "-c", "from thermik.cli.main import main; main()", "server", "--port", port]
    ended = subprocess.run(
        [*command, "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(REPOSITORY / "functions"), "PATH": ""},
        check=False,
        timeout=60,
    )
    assert ended.returncode != 0
    assert "THERMIK_PORT" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_told_and_what_was_running_goes_on(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path) as server:
        server.put_flow(SLEEPER)
        execution = server.start("api.server", "sleeper")
        server.until(execution["id"], {"RUNNING"})
        server.process.send_signal(number)
        assert server.process.wait(30) == 0
    with running(tmp_path) as server:
        assert server.until(execution["id"])["state"]["current"] == "SUCCESS"


def test_bodies_that_are_too_large_are_refused_before_they_are_sent(thermik_server: Server) -> None:
    connection = http.client.HTTPConnection(urlsplit(thermik_server.url).netloc, timeout=10)
    connection.putrequest("POST", "/api/v1/main/flows")
    connection.putheader("Content-Length", str(11 * 1024 * 1024))
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, b"at most" in answer.read()) == (413, True)


def test_a_chunked_body_is_counted(thermik_server: Server) -> None:
    pieces = (b"x" * 1024 * 1024 for _ in range(12))
    try:
        answer = thermik_server.call("POST", "/flows", data=pieces)
    except requests.ConnectionError:
        return  # refused while it was still being sent
    assert answer.status_code == 413
