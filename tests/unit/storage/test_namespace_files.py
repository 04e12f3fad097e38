from __future__ import annotations

import io
from pathlib import Path

import pytest

from thermik.storage.errors import InvalidKey
from thermik.storage.files import FileBlobs
from thermik.storage.namespace_files import MARKER, file_key, files_of, forget_empty_directories
from thermik.tasks.runnable import TaskFailure
from thermik.worker.namespace_files import TaskNamespaceFiles

SPACE = "company.team"


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobs:
    return FileBlobs(tmp_path)


def _put(blobs: FileBlobs, *paths: str, namespace: str = SPACE) -> None:
    for path in paths:
        blobs.put(file_key(namespace, path), b"x")


def test_a_namespace_has_its_own_files_only(blobs: FileBlobs) -> None:
    _put(blobs, "/b.txt", "dir/a.txt", f"dir/{MARKER}")
    _put(blobs, "c.txt", namespace="company")
    _put(blobs, "d.txt", namespace="company.team.sub")

    assert [path for path, _ in files_of(blobs, SPACE)] == ["b.txt", "dir/a.txt"]


@pytest.mark.parametrize("path", ["../x", "a//b", "a/./b", ""])
def test_paths_that_lead_elsewhere_are_refused(blobs: FileBlobs, path: str) -> None:
    with pytest.raises(InvalidKey):
        file_key(SPACE, path)
    with pytest.raises(TaskFailure):
        TaskNamespaceFiles(blobs).put(SPACE, path, io.BytesIO(b"x"), overwrite=True)


def test_directories_go_as_far_as_they_are_empty(blobs: FileBlobs) -> None:
    _put(blobs, f"a/{MARKER}", f"a/b/{MARKER}", f"a/b/c/{MARKER}", "a/kept.txt")

    forget_empty_directories(blobs, SPACE, "a/b/c/gone.txt")

    left = [info.key for info in blobs.list("")]
    assert left == [file_key(SPACE, f"a/{MARKER}"), file_key(SPACE, "a/kept.txt")]


def test_a_task_writes_over_a_file_only_where_it_may(blobs: FileBlobs) -> None:
    files = TaskNamespaceFiles(blobs)

    assert files.put(SPACE, "a.txt", io.BytesIO(b"1"), overwrite=False)
    assert not files.put(SPACE, "a.txt", io.BytesIO(b"2"), overwrite=False)
    with files.open(SPACE, "a.txt") as stream:
        assert stream.read() == b"1"
    assert files.put(SPACE, "a.txt", io.BytesIO(b"3"), overwrite=True)
    files.delete(SPACE, "a.txt", parents=True)
    with pytest.raises(TaskFailure, match=r"no file 'a.txt'"):
        files.open(SPACE, "a.txt")
