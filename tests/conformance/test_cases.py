"""The shared conformance cases against a server, in parallel; those that cannot pass yet are told by `pending.py`.

Cases that use the same flow run one after the other, since some change it or count its executions.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from conformance.pending import PENDING
from conftest import shared_dir
from flows.thermik_server import running

SHARED = shared_dir()
CASES = [*sorted((SHARED / "conformance" / "cases").glob("*.yaml"))] if SHARED else []
THREADS = 24
SECONDS = 40

ALONE = frozenset({"multiple-condition-trigger-failed"})
"""Cases whose listener hears all that ends in a namespace: run when no other case runs there any more."""

pytestmark = [
    pytest.mark.skipif(not CASES, reason="the shared folder with the cases is not there"),
    pytest.mark.xdist_group("conformance"),
    pytest.mark.timeout(300),
]


def _runner(shared: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("conformance_run", shared / "conformance" / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _flows(case: Path) -> set[str]:
    """What a case uses besides the server."""
    spec = yaml.safe_load(case.read_text())
    named = {str(flow) for flow in spec.get("flows") or []}
    for step in spec["steps"]:
        for arguments in step.values():
            if isinstance(arguments, dict):
                named |= {str(arguments[key]) for key in ("flow", "stem") if key in arguments}
    return named


def _groups(cases: list[Path]) -> list[list[Path]]:
    """The cases, those that share a flow together."""
    groups: list[tuple[set[str], list[Path]]] = []
    for case in cases:
        flows, members = _flows(case), [case]
        for group in [group for group in groups if group[0] & flows]:
            groups.remove(group)
            flows |= group[0]
            members = [*group[1], *members]
        groups.append((flows, members))
    return [members for _, members in sorted(groups, key=lambda group: -len(group[1]))]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What became of each case: an empty text if it passed, else why not."""
    assert SHARED is not None
    runner = _runner(SHARED)
    found: dict[str, str] = {}
    lock = threading.Lock()

    def run(group: list[Path], url: str) -> None:
        for case in group:
            try:
                runner.Case(
                    runner.Server(url, "main", None, None), case, SHARED / "conformance" / "flows", SECONDS
                ).run()
                why: Any = ""
            except Exception as error:  # noqa: BLE001 - whatever a case meets, it has not passed
                why = f"{type(error).__name__}: {error}"
            with lock:
                found[case.stem] = why

    with running(tmp_path_factory.mktemp("conformance")) as server, ThreadPoolExecutor(THREADS) as pool:
        together = [case for case in CASES if case.stem not in ALONE]
        for done in [pool.submit(run, group, server.url) for group in _groups(together)]:
            done.result()
        run([case for case in CASES if case.stem in ALONE], server.url)
        yield found


@pytest.mark.parametrize("case", [case.stem for case in CASES])
def test_case(outcomes: dict[str, str], case: str) -> None:
    why = outcomes[case]
    if case in PENDING:
        assert why, f"{case} passes: take it off the list of those that wait for {PENDING[case]}"
        pytest.xfail(f"waits for {PENDING[case]}: {why[:200]}")
    assert not why, why


def test_the_lists_name_cases_that_exist() -> None:
    assert {*PENDING, *ALONE} <= {case.stem for case in CASES}
