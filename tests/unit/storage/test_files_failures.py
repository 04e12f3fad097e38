"""What a directory must not give away, what it leaves behind, and what a full one says."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contract.adapters import Endless, at_most
from thermik.storage.errors import BlobExists, BlobNotFound, BlobsUnavailable, InvalidKey
from thermik.storage.files import FileBlobs

FUNCTIONS = Path(__file__).resolve().parents[3] / "functions"


def contents(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "internal"


def test_symbolic_links_are_not_followed(root: Path, tmp_path: Path) -> None:
    blobs = FileBlobs(root)
    blobs.put("dir/file", b"inside")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    (root / "blobs" / "link").symlink_to(outside)
    (root / "blobs" / "dir" / "link").symlink_to(outside / "secret")
    for key in ("link/secret", "dir/link", "link"):
        with pytest.raises((BlobNotFound, InvalidKey)):
            blobs.open(key)
        with pytest.raises((BlobNotFound, InvalidKey)):
            blobs.info(key)
    with pytest.raises(InvalidKey):
        blobs.put("link/new", b"x")
    blobs.delete(["link/secret"])
    assert [info.key for info in blobs.list("")] == ["dir/file"]
    assert list(blobs.list("link/")) == []
    assert contents(outside) == ["secret"]


def test_a_link_in_a_blobs_place_is_replaced_not_written_through(root: Path, tmp_path: Path) -> None:
    blobs = FileBlobs(root)
    target = tmp_path / "target"
    target.write_bytes(b"untouched")
    (root / "blobs" / "a").symlink_to(target)
    blobs.put("a", b"new")
    assert target.read_bytes() == b"untouched"
    assert blobs.open("a").read() == b"new"


def test_what_is_no_file_is_no_blob(root: Path) -> None:
    blobs = FileBlobs(root)
    os.mkfifo(root / "blobs" / "pipe")
    (root / "blobs" / os.fsdecode(b"\xff")).write_bytes(b"x")
    with pytest.raises(BlobNotFound):
        blobs.open("pipe")
    with pytest.raises(BlobNotFound):
        blobs.info("pipe")
    assert list(blobs.list("")) == []


def test_a_key_inside_another_blobs_key_is_refused(root: Path) -> None:
    blobs = FileBlobs(root)
    blobs.put("a/b", b"x")
    for key in ("a", "a/b/c", "a/b/c/d"):
        for overwrite in (True, False):
            with pytest.raises((InvalidKey, BlobExists)):
                blobs.put(key, b"y", overwrite=overwrite)
    assert contents(root) == ["blobs/a/b"]


def test_nothing_is_left_behind(root: Path) -> None:
    class Broken:
        def read(self, size: int) -> bytes:
            raise ConnectionResetError("gone")

    blobs = FileBlobs(root)
    with pytest.raises(ConnectionResetError):
        blobs.put("x/y", Broken())  # type: ignore[arg-type] - all that is used of a BinaryIO
    blobs.put("a/b/c", b"x")
    blobs.delete(["a/b/c"])
    assert list((root / "blobs").iterdir()) == []
    assert list((root / "incoming").iterdir()) == []


def test_a_stream_is_never_whole_in_memory(root: Path) -> None:
    size = 20_000_000
    with at_most(size // 8):
        FileBlobs(root).put("large", Endless(size))  # type: ignore[arg-type] - all that is used of a BinaryIO
        with FileBlobs(root).open("large") as stream:
            while stream.read(1 << 16):
                pass


KILLED = """
import os, sys, signal
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from thermik.storage.files import FileBlobs

class Deadly:
    def read(self, size):
        if self.__dict__.setdefault("n", 0) == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        self.n += 1
        return bytes(size)

FileBlobs(Path(sys.argv[2])).put("a/b", Deadly())
"""


def test_what_a_killed_process_was_writing_is_not_seen_and_is_swept(root: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(FUNCTIONS), str(root)], check=False)
    blobs = FileBlobs(root)
    assert list(blobs.list("")) == []
    (left,) = (root / "incoming").iterdir()  # too young to be told from one that is just begun
    old = time.time() - 3600
    os.utime(left, (old, old))
    FileBlobs(root)
    assert not left.exists()


def test_what_a_living_process_is_writing_is_not_swept(root: Path) -> None:
    class Slow:
        def __init__(self) -> None:
            self.pieces = [b"one", b"two"]

        def read(self, size: int) -> bytes:
            for path in (root / "incoming").iterdir():
                os.utime(path, (1, 1))
            FileBlobs(root)
            return self.pieces.pop(0) if self.pieces else b""

    assert FileBlobs(root).put("a", Slow()) == 6  # type: ignore[arg-type] - all that is used of a BinaryIO
    assert FileBlobs(root).open("a").read() == b"onetwo"


FULL = """
import io, resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from thermik.storage.errors import BlobsUnavailable
from thermik.storage.files import FileBlobs

blobs = FileBlobs(Path(sys.argv[2]))
blobs.put("old", b"old")
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
for key in ("new", "old"):
    try:
        blobs.put(key, io.BytesIO(bytes(2_000_000)))
    except BlobsUnavailable as error:
        print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
assert [(info.key, info.size) for info in blobs.list("")] == [("old", 3)]
"""


def test_no_room_is_named_and_leaves_no_litter(root: Path) -> None:
    command = [sys.executable, "-c", FULL, str(FUNCTIONS), str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("larger than the file system or a limit of the process allows") == 2
    assert contents(root) == ["blobs/old"]


def test_a_full_disk_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = FileBlobs(root)

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(BlobsUnavailable, match="the blob 'a': the disk is full: free some space"):
        blobs.put("a", b"x")
    assert contents(root) == []


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BlobsUnavailable, match="the directory"):
        FileBlobs(tmp_path / "file" / "internal")
