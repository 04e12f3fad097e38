"""One server for all tests of a process: each test has flows of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flows.thermik_server import Server, running


@pytest.fixture(scope="session")
def thermik_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("data")) as server:
        yield server
