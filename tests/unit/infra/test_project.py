"""What the commands rely on: locks that agree and name no registry, and a Python that is found or asked for."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from infra.package import LOCAL_ONLY, REPOSITORY

LOCKS = REPOSITORY / "requirements"
FUNCTIONS = REPOSITORY / "functions"
PINNED = re.compile(r"^([a-z0-9._-]+)==(\S+)", re.MULTILINE)
OWN = {"thermik", "handlers"}


def _pinned(name: str) -> set[tuple[str, str]]:
    return set(PINNED.findall((LOCKS / name).read_text()))


@pytest.mark.parametrize("name", ["laptop.lock", "lambda.lock"])
def test_what_ships_is_what_is_tested(name: str) -> None:
    assert _pinned(name)
    assert _pinned(name) <= _pinned("dev.lock")


@pytest.mark.parametrize("lock", sorted(LOCKS.glob("*.lock")), ids=lambda lock: lock.name)
def test_a_lock_has_hashes_and_no_registry(lock: Path) -> None:
    text = lock.read_text()
    assert len(PINNED.findall(text)) <= text.count("--hash=sha256:")
    assert "://" not in text
    assert "index-url" not in text


def _imported(path: Path) -> set[str]:
    """The top-level packages that a module imports when it runs, at once or later."""
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
        if not (isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")):
            waiting.extend(ast.iter_child_nodes(node))
    return found - OWN - sys.stdlib_module_names


def _foreign_packages(paths: list[Path]) -> set[str]:
    """Distributions, in lower case, of everything that these modules import."""
    names = set().union(*map(_imported, paths))
    known = packages_distributions()
    return {re.sub(r"[._]", "-", known[name][0]).lower() for name in names}


def _declared(*requirements: str) -> set[str]:
    return {re.sub(r"[._]", "-", re.split(r"[\[<>=~! ]", text)[0]).lower() for text in requirements}


def _project() -> dict[str, object]:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text())


def test_everything_that_is_imported_is_declared() -> None:
    project = _project()["project"]
    assert isinstance(project, dict)
    declared = _declared(*project["dependencies"], *project["optional-dependencies"]["aws"])
    declared.add("pydantic-core")  # half of pydantic, which pins it
    assert _foreign_packages(list(FUNCTIONS.rglob("*.py"))) <= declared


def test_everything_that_a_function_imports_is_in_its_package() -> None:
    carried = [
        path for path in FUNCTIONS.rglob("*.py") if not path.relative_to(FUNCTIONS).as_posix().startswith(LOCAL_ONLY)
    ]
    in_package = {name.replace("_", "-").replace(".", "-") for name, _ in _pinned("lambda.lock")}
    assert _foreign_packages(carried) <= in_package


def _find_python(path: str, **more: str) -> subprocess.CompletedProcess[str]:
    script = REPOSITORY / "infra" / "find-python.sh"
    return subprocess.run([script], env={"PATH": path, **more}, capture_output=True, text=True, check=False)


def _fake_python(folder: Path, name: str, exit_code: int) -> None:
    path = folder / name
    path.write_text(f'#!/bin/sh\n[ "$1" = -V ] && echo "Python 3.9.2" && exit 0\nexit {exit_code}\n')
    path.chmod(0o755)


def test_the_first_python_that_suits_is_taken(tmp_path: Path) -> None:
    _fake_python(tmp_path, "python3", exit_code=1)
    _fake_python(tmp_path, "python3.12", exit_code=0)
    assert _find_python(f"{tmp_path}:/bin").stdout.strip() == "python3.12"


def test_an_old_python_is_named_with_its_version(tmp_path: Path) -> None:
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        _fake_python(tmp_path, name, exit_code=1)
    done = _find_python(f"{tmp_path}:{os.defpath}")
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert "python3 (3.9.2)" in done.stderr


def test_a_python_that_one_names_is_taken(tmp_path: Path) -> None:
    (tmp_path / "with space").mkdir()
    _fake_python(tmp_path / "with space", "mine", exit_code=0)
    named = str(tmp_path / "with space" / "mine")
    assert _find_python(os.defpath, PYTHON=named).stdout.strip() == named
