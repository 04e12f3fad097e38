"""`namespaceFiles`: which files come into the directory, and what happens to those that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from thermik.tasks.namespace_files import NamespaceFiles, fetch_namespace_files
from thermik.tasks.runnable import TaskFailure
from unit.tasks.fake_context import FakeContext

OWN = "company.team"


@pytest.fixture
def context(tmp_path: Path) -> FakeContext:
    context = FakeContext(tmp_path / "work")
    for path in ("main.py", "lib/main.py", "lib/a.sql", "a.sql.bak"):
        context.namespace_files.files[OWN, path] = b"own"
    context.namespace_files.files["company", "main.py"] = b"above"
    return context


def fetched(context: FakeContext, **wanted: Any) -> dict[str, str]:
    root = context.working_directory()
    fetch_namespace_files(context, root, NamespaceFiles.model_validate(wanted))
    return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()}


def test_all_files_of_the_own_namespace_come(context: FakeContext) -> None:
    assert set(fetched(context)) == {"main.py", "lib/main.py", "lib/a.sql", "a.sql.bak"}


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        ({"include": ["main.py"]}, {"main.py", "lib/main.py"}),
        ({"include": ["/main.py"]}, {"main.py"}),
        ({"include": ["**/*.sql"]}, {"lib/a.sql"}),
        ({"include": "{{ ['lib/**'] }}"}, {"lib/main.py", "lib/a.sql"}),
        ({"exclude": ["*.bak", "lib/**"]}, {"main.py"}),
        ({"include": ["*.py"], "exclude": ["/main.py"]}, {"lib/main.py"}),
        ({"enabled": False}, set()),
        ({"enabled": "{{ 1 > 2 }}"}, set()),
    ],
)
def test_globs_choose(context: FakeContext, patterns: dict[str, Any], names: set[str]) -> None:
    assert set(fetched(context, **patterns)) == names


def test_the_last_namespace_counts(context: FakeContext) -> None:
    assert fetched(context, namespaces=["company", OWN], include=["/main.py"]) == {"main.py": "own"}
    assert fetched(context, namespaces=[OWN, "company"], include=["/main.py"])["main.py"] == "above"


def test_each_namespace_may_have_a_folder(context: FakeContext) -> None:
    found = fetched(context, namespaces=["company", OWN], include=["/main.py"], folderPerNamespace=True)
    assert found == {"company/main.py": "above", "company.team/main.py": "own"}


@pytest.mark.parametrize(("if_exists", "left"), [("OVERWRITE", "own"), ("IGNORE", "mine"), ("WARN", "mine")])
def test_a_file_that_is_there(context: FakeContext, if_exists: str, left: str) -> None:
    (context.working_directory() / "main.py").write_text("mine")
    assert fetched(context, include=["/main.py"], ifExists=if_exists) == {"main.py": left}
    assert len(context.log.at("WARN")) == (if_exists == "WARN")


def test_a_file_that_must_not_be_there(context: FakeContext) -> None:
    (context.working_directory() / "main.py").write_text("mine")
    with pytest.raises(TaskFailure, match=r"'main\.py' exists"):
        fetched(context, ifExists="FAIL")


def test_nothing_is_written_through_a_link(context: FakeContext, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (context.working_directory() / "lib").symlink_to(outside)
    with pytest.raises(TaskFailure, match="links are not followed"):
        fetched(context)
    assert not list(outside.iterdir())
