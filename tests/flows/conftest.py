"""One server for all tests of a process: each test has flows of its own. And the command line, here and on a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.command_line import Save, Thermik
from flows.thermik_server import Server, running
from thermik.cli.main import call


@pytest.fixture(scope="session")
def thermik_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("data")) as server:
        yield server


@pytest.fixture(scope="session")
def cli_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with credentials; its URL."""
    with running(tmp_path_factory.mktemp("server"), "--username", "ada", "--password", "secret") as server:
        yield server.url
    assert server.process.returncode == 0


@pytest.fixture(params=["directory", "server"])
def thermik(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Thermik:
    """The command line on one of the two, which the environment names."""
    if request.param == "server":
        monkeypatch.setenv("THERMIK_URL", request.getfixturevalue("cli_server"))
        monkeypatch.setenv("THERMIK_USERNAME", "ada")
        monkeypatch.setenv("THERMIK_PASSWORD", "secret")
    else:
        monkeypatch.setenv("THERMIK_DATA", str(tmp_path / "data"))
    return lambda *arguments: call([str(argument) for argument in arguments])


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Writes a flow's source to a file."""

    def write(name: str, source: str) -> Path:
        file = tmp_path / f"{name}.yaml"
        file.write_text(source)
        return file

    return write
