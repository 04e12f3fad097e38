"""Files of namespaces: `namespaceFiles`, which come into the directory, and the tasks that upload and download them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from thermik.tasks.namespace_files import NamespaceFiles, fetch_namespace_files
from thermik.tasks.runnable import TaskFailure
from unit.tasks.fake_context import FakeContext, make, outputs_of

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


def _upload(context: FakeContext, **properties: Any) -> dict[str, Any]:
    return outputs_of(make("core.namespace.UploadFiles", namespace="{{ flow.namespace }}", **properties), context)


def test_files_are_uploaded_by_map_by_uri_and_by_glob(context: FakeContext) -> None:
    context.files["kestra:///x/rows%201.csv"] = b"stored"
    context.variables["outputs"] = {"unzip": {"a/b.txt": "kestra:///x/rows%201.csv"}}
    (context.working_directory() / "out").mkdir()
    (context.working_directory() / "out" / "made.sql").write_text("made")

    _upload(context, filesMap={"/main.py": "kestra:///x/rows%201.csv"})
    _upload(context, filesMap="{{ outputs.unzip | toJson }}", destination="/deep/{{ flow.id }}")
    uploaded = _upload(context, files=["kestra:///x/rows%201.csv", "glob:**.sql"], destination="new/")

    files = context.namespace_files.files
    assert files[OWN, "main.py"] == b"stored"
    assert files[OWN, "deep/orders/a/b.txt"] == b"stored"
    assert (files[OWN, "new/rows 1.csv"], files[OWN, "new/out/made.sql"]) == (b"stored", b"made")
    assert uploaded["files"] == {
        "/new/rows 1.csv": "kestra:///company/team/_files/new/rows%201.csv",
        "/new/out/made.sql": "kestra:///company/team/_files/new/out/made.sql",
    }


@pytest.mark.parametrize(("conflict", "content"), [("OVERWRITE", b"new"), ("SKIP", b"own"), ("ERROR", b"own")])
def test_an_upload_meets_a_file(context: FakeContext, conflict: str, content: bytes) -> None:
    context.files["kestra:///x"] = b"new"
    given: dict[str, Any] = {"filesMap": {"main.py": "kestra:///x"}, "conflict": conflict}
    if conflict == "ERROR":
        with pytest.raises(TaskFailure, match="already exists"):
            _upload(context, **given)
    else:
        assert len(_upload(context, **given)["files"]) == (conflict == "OVERWRITE")
    assert context.namespace_files.files[OWN, "main.py"] == content


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "nothing to upload"),
        ({"files": []}, "nothing to upload"),
        ({"filesMap": {"a": "just text"}}, "must have the URI"),
        ({"filesMap": {"a": "file:///etc/passwd"}}, "must have the URI"),
        ({"files": ["kestra:///gone"]}, "Unable to find"),
        ({"files": ["../*"]}, "no glob"),
        ({"filesMap": "text"}, "filesMap must be"),
    ],
)
def test_an_upload_that_cannot_be(context: FakeContext, given: dict[str, Any], reason: str) -> None:
    with pytest.raises(TaskFailure, match=reason):
        _upload(context, **given)


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ("**", {"/main.py", "/lib/main.py", "/lib/a.sql", "/a.sql.bak"}),
        (["main.py"], {"/main.py", "/lib/main.py"}),
        (["/main.py", "**.sql"], {"/main.py", "/lib/a.sql"}),
        ("{{ ['/lib/*'] | toJson }}", {"/lib/main.py", "/lib/a.sql"}),
        ("/nothing", set()),
    ],
)
def test_files_are_downloaded(context: FakeContext, files: Any, names: set[str]) -> None:
    task = make("core.namespace.DownloadFiles", namespace=OWN, files=files, destination="copies")

    copies = outputs_of(task, context)["files"]

    assert set(copies) == names
    assert all(uri.endswith(f"/copies{name}") and context.files[uri] == b"own" for name, uri in copies.items())
    assert context.counters == [("downloaded", len(names), {})]


@pytest.mark.parametrize("parents", [True, False])
def test_files_are_deleted(context: FakeContext, parents: bool) -> None:
    task = make("core.namespace.DeleteFiles", namespace=OWN, files=["/lib/**"], deleteParentFolder=parents)

    assert outputs_of(task, context) == {}

    assert {path for space, path in context.namespace_files.files if space == OWN} == {"main.py", "a.sql.bak"}
    assert context.namespace_files.pruned is parents
    assert context.counters == [("deleted", 2, {})]
