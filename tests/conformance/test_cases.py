"""The shared conformance cases against a laptop's server."""

from __future__ import annotations

import pytest

from conformance.playing import CASES, play
from flows.thermik_server import running

THREADS = 24
SECONDS = 40

pytestmark = [
    pytest.mark.skipif(not CASES, reason="the shared folder with the cases is not there"),
    pytest.mark.xdist_group("conformance"),
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    with running(tmp_path_factory.mktemp("conformance")) as server:
        return play(CASES, server.url, None, threads=THREADS, seconds=SECONDS)


@pytest.mark.parametrize("case", [case.stem for case in CASES])
def test_case(outcomes: dict[str, str], case: str) -> None:
    assert not outcomes[case], outcomes[case]
