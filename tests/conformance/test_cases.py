"""The shared conformance cases against a server, in parallel.

Cases that use the same flow run one after the other, since some change it or count its executions. So do
those of a namespace in which a flow listens to others' ends: it would hear those of its neighbours.
"""

from __future__ import annotations

import importlib.util
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from conftest import shared_dir
from flows.thermik_server import running

SHARED = shared_dir()
CASES = [*sorted((SHARED / "conformance" / "cases").glob("*.yaml"))] if SHARED else []
THREADS = 24
SECONDS = 40

LISTENS = re.compile(r"^ *(- )?type: \S+\.Flow$", re.MULTILINE)
"""A flow that another's end starts."""

NAMESPACE = re.compile(r"^namespace: (\S+)$", re.MULTILINE)

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


def _heard(flows: Path) -> dict[str, str]:
    """The namespace of each flow that a listener may hear, by the flow's file."""
    sources = {path.stem: path.read_text() for path in sorted(flows.glob("*.yaml"))}
    spaces = {stem: found[1] for stem, text in sources.items() if (found := NAMESPACE.search(text))}
    listened = {spaces[stem] for stem, text in sources.items() if stem in spaces and LISTENS.search(text)}
    return {stem: space for stem, space in spaces.items() if space in listened}


def _flows(case: Path, heard: dict[str, str]) -> set[str]:
    """What a case uses besides the server: its flows, and the namespaces in which somebody listens to them."""
    spec = yaml.safe_load(case.read_text())
    named = {str(flow) for flow in spec.get("flows") or []}
    for step in spec["steps"]:
        for arguments in step.values():
            if isinstance(arguments, dict):
                named |= {str(arguments[key]) for key in ("flow", "stem") if key in arguments}
    return named | {f"{heard[flow]}:" for flow in named if flow in heard}


def _groups(cases: list[Path]) -> list[list[Path]]:
    """The cases, those that share a flow together."""
    groups: list[tuple[set[str], list[Path]]] = []
    heard = _heard(cases[0].parent.parent / "flows")
    for case in cases:
        flows, members = _flows(case, heard), [case]
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
        for done in [pool.submit(run, group, server.url) for group in _groups(CASES)]:
            done.result()
        yield found


@pytest.mark.parametrize("case", [case.stem for case in CASES])
def test_case(outcomes: dict[str, str], case: str) -> None:
    assert not outcomes[case], outcomes[case]
