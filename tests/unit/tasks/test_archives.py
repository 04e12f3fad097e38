"""A cache's archive: what is packed comes back, and a malicious one reaches nothing."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from thermik.tasks import archives
from thermik.tasks.archives import NoArchive, digests_of, pack, unpack
from thermik.tasks.runnable import TaskFailure
from unit.tasks.fake_context import FakeContext


def zipped(**files: str) -> io.BytesIO:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    content.seek(0)
    return content


def test_files_come_back_with_their_permissions_and_digests(tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh")
    tool.chmod(0o750)
    pack([("bin/tool", tool)], tmp_path / "a.zip")
    root = tmp_path / "root"
    root.mkdir()
    with (tmp_path / "a.zip").open("rb") as archive:
        digests = unpack(FakeContext(tmp_path), archive, root)
    assert digests == digests_of([("bin/tool", tool)])
    assert stat.S_IMODE((root / "bin/tool").stat().st_mode) == 0o750


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil"])
def test_no_path_leads_out(tmp_path: Path, name: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    with pytest.raises(TaskFailure):
        unpack(FakeContext(tmp_path), zipped(**{name: "x"}), root)
    assert not (tmp_path / "evil").exists()


def test_a_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_BYTES", 1000)
    with pytest.raises(TaskFailure, match="more than 1000 bytes"):
        unpack(FakeContext(tmp_path), zipped(a="x" * 600, b="x" * 600), tmp_path)


def test_what_is_no_archive_is_told_from_a_bad_one(tmp_path: Path) -> None:
    with pytest.raises(NoArchive):
        unpack(FakeContext(tmp_path), io.BytesIO(b"nothing"), tmp_path)
