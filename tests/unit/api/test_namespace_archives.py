"""Archives of namespace files: unpacked within bounds, or refused as a whole."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from thermik.api import namespace_archives
from thermik.api.bodies import body_of
from thermik.api.errors import BadRequest, TooLarge
from thermik.api.namespace_archives import unpack
from thermik.storage.errors import InvalidKey
from thermik.storage.files import FileBlobs
from thermik.storage.namespace_files import files_of


def archive(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as made:
        for name, text in files.items():
            made.writestr(name, text)
    return content.getvalue()


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobs:
    return FileBlobs(tmp_path)


def test_an_archive_is_unpacked(blobs: FileBlobs) -> None:
    content = b"before" + archive({"a.txt": b"a", "dir/": b"", "dir/b.txt": b"b" * 100_000}) + b"after"
    body = body_of(content).part(6, len(content) - 5)

    assert unpack(blobs, "n.s", body) == ["a.txt", "dir/b.txt"]
    assert [(path, info.size) for path, info in files_of(blobs, "n.s")] == [("a.txt", 1), ("dir/b.txt", 100_000)]


def test_a_path_that_leads_elsewhere_leaves_nothing(blobs: FileBlobs) -> None:
    with pytest.raises(InvalidKey):
        unpack(blobs, "n.s", body_of(archive({"a.txt": b"a", "../b.txt": b"b"})))
    assert [*blobs.list("")] == []


def test_what_is_no_archive_is_refused(blobs: FileBlobs) -> None:
    whole = archive({"a.txt": b"abc" * 1000}, zipfile.ZIP_STORED)
    for content in (
        b"",
        b"PK",
        whole[:-10],
        whole.replace(b"abcabc", b"xbcabc", 1),
        archive({"a": b"a"}, zipfile.ZIP_LZMA),
    ):
        with pytest.raises(BadRequest):
            unpack(blobs, "n.s", body_of(content))


def test_more_than_the_bounds_is_refused(blobs: FileBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespace_archives, "MAX_FILES", 2)
    monkeypatch.setattr(namespace_archives, "MAX_BYTES", 1000)
    for files in ({"a": b"", "b": b"", "c": b""}, {"a": b"x" * 999, "b": b"yz"}):
        with pytest.raises(TooLarge):
            unpack(blobs, "n.s", body_of(archive(files)))
    assert [*blobs.list("")] == []
