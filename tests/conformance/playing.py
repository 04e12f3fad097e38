"""How the shared conformance cases are played against a server, several at a time.

Cases that use the same flow run one after the other, since some change it or count its executions. So do
those of a namespace in which a flow listens to others' ends: it would hear those of its neighbours.
"""

from __future__ import annotations

import importlib.util
import re
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import yaml

from conftest import shared_dir

SHARED = shared_dir()
CASES = [*sorted((SHARED / "conformance" / "cases").glob("*.yaml"))] if SHARED else []

LISTENS = re.compile(r"^ *(- )?type: \S+\.Flow$", re.MULTILINE)
"""A flow that another's end starts."""

NAMESPACE = re.compile(r"^namespace: (\S+)$", re.MULTILINE)


def play(cases: Iterable[Path], url: str, auth: str | None, *, threads: int, seconds: float) -> dict[str, str]:
    """What became of each case: an empty text if it passed, else why not. `auth`: `user:password`."""
    assert SHARED is not None
    runner, flows = _runner(SHARED), SHARED / "conformance" / "flows"
    outcomes: dict[str, str] = {}
    lock = threading.Lock()

    def run(group: list[Path]) -> None:
        for case in group:
            try:
                runner.Case(runner.Server(url, "main", auth, None), case, flows, seconds).run()
                why = ""
            except Exception as error:  # noqa: BLE001 - whatever a case meets, it has not passed
                why = f"{type(error).__name__}: {error}"
            with lock:
                outcomes[case.stem] = why

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(run, group) for group in _groups(cases, flows)]:
            done.result()
    return outcomes


def _runner(shared: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("conformance_run", shared / "conformance" / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _groups(cases: Iterable[Path], flows: Path) -> list[list[Path]]:
    """The cases, those that share something together; the long groups first."""
    groups: list[tuple[set[str], list[Path]]] = []
    heard = _heard(flows)
    for case in cases:
        used, members = _used(case, heard), [case]
        for group in [group for group in groups if group[0] & used]:
            groups.remove(group)
            used |= group[0]
            members = [*group[1], *members]
        groups.append((used, members))
    return [members for _, members in sorted(groups, key=lambda group: -len(group[1]))]


def _used(case: Path, heard: dict[str, str]) -> set[str]:
    """What a case uses besides the server: its flows, and the namespaces in which somebody listens to them."""
    spec = yaml.safe_load(case.read_text())
    named = {str(flow) for flow in spec.get("flows") or []}
    for step in spec["steps"]:
        for arguments in step.values():
            if isinstance(arguments, dict):
                named |= {str(arguments[key]) for key in ("flow", "stem") if key in arguments}
    return named | {f"{heard[flow]}:" for flow in named if flow in heard}


def _heard(flows: Path) -> dict[str, str]:
    """The namespace of each flow that a listener may hear, by the flow's file."""
    sources = {path.stem: path.read_text() for path in sorted(flows.glob("*.yaml"))}
    spaces = {stem: found[1] for stem, text in sources.items() if (found := NAMESPACE.search(text))}
    listened = {spaces[stem] for stem, text in sources.items() if stem in spaces and LISTENS.search(text)}
    return {stem: space for stem, space in spaces.items() if space in listened}
