"""Flows and what people do with them end on the deployed stack as they end on a laptop.

All scenarios are begun at once, a few at a time, and each test waits for its own: most of their time is the
emulator's, which starts a process for every invocation at once and a new one after every failure.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import requests

from emulator.scenarios import SCENARIOS
from emulator.stack import Stack
from flows.thermik_server import Server, running

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("emulator")]

AT_ONCE = 4

Played = dict[str, Future[Any]]


def _begin(pool: ThreadPoolExecutor, url: str, auth: tuple[str, str] | None) -> Played:
    def play(name: str) -> Any:
        session = requests.Session()
        session.auth = auth
        return SCENARIOS[name](Server(url, None, session))

    return {name: pool.submit(play, name) for name in SCENARIOS}


@pytest.fixture(scope="module")
def there(stack: Stack, user: tuple[str, str]) -> Iterator[Played]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield _begin(pool, stack.api_url, user)
        pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with running(tmp_path_factory.mktemp("data")) as server, ThreadPoolExecutor(1) as pool:
        yield _begin(pool, server.url, None)
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("name", SCENARIOS)
def test_it_ends_as_on_a_laptop(there: Played, here: Played, name: str) -> None:
    assert there[name].result() == here[name].result()
