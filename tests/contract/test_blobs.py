"""What every `Blobs` must do."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contract.adapters import Endless
from thermik.storage.blobs import Blobs
from thermik.storage.errors import BlobExists, BlobNotFound, InvalidKey

LARGE = 20 * 1024 * 1024  # three parts of S3's

BAD_KEYS = [
    "",
    "/a",
    "a/",
    "a//b",
    ".",
    "..",
    "../a",
    "a/../b",
    "a/./b",
    "a/..",
    "a\x00b",
    "\ud800",
    "a" * 256,
    "/".join(["a" * 200] * 6),
]


def read(blobs: Blobs, key: str, **arguments: Any) -> bytes:
    with blobs.open(key, **arguments) as stream:
        return stream.read()


class Broken(io.RawIOBase):
    """A client that goes away in the middle."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._left = size

    def read(self, size: int = -1) -> bytes:
        if not self._left:
            raise ConnectionResetError("the client went away")
        piece = bytes(min(size, self._left))
        self._left -= len(piece)
        return piece


def test_bytes_come_back(blobs: Blobs) -> None:
    assert blobs.put("a/b", b"content") == 7
    assert read(blobs, "a/b") == b"content"
    assert blobs.put("a/empty", b"") == 0
    assert read(blobs, "a/empty") == b""


def test_a_stream_comes_back(blobs: Blobs) -> None:
    assert blobs.put("s", io.BytesIO(b"x" * 1000)) == 1000
    assert blobs.put("empty", io.BytesIO()) == 0
    assert (read(blobs, "s"), read(blobs, "empty")) == (b"x" * 1000, b"")


def test_a_large_stream_is_stored_whole(blobs: Blobs) -> None:
    assert blobs.put("large", Endless(LARGE)) == LARGE  # type: ignore[arg-type] - all that is used of a BinaryIO
    assert blobs.info("large").size == LARGE
    stream = Endless(LARGE)
    with blobs.open("large") as found:
        while expected := stream.read(60_000):
            assert found.read(len(expected)) == expected
        assert found.read(1) == b""


@pytest.mark.parametrize("overwrite", [True, False])
def test_of_a_stream_that_breaks_nothing_is_seen(blobs: Blobs, overwrite: bool) -> None:
    for size in (1000, LARGE):
        with pytest.raises(ConnectionResetError):
            blobs.put("broken", Broken(size), overwrite=overwrite)  # type: ignore[arg-type] - as above
        with pytest.raises(BlobNotFound):
            blobs.info("broken")
        assert list(blobs.list("")) == []


def test_overwriting(blobs: Blobs) -> None:
    blobs.put("a", b"one")
    blobs.put("a", b"second")
    assert read(blobs, "a") == b"second"
    for content in (b"third", Endless(LARGE)):
        with pytest.raises(BlobExists):
            blobs.put("a", content, overwrite=False)  # type: ignore[arg-type] - as above
    assert read(blobs, "a") == b"second"
    blobs.put("b", b"new", overwrite=False)
    assert read(blobs, "b") == b"new"


def test_of_many_who_create_one_wins(blobs: Blobs) -> None:
    def create(number: int) -> bool:
        try:
            blobs.put("deep/in/a/race", str(number).encode() * 1000, overwrite=False)
        except BlobExists:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(create, range(24)))
    assert won.count(True) == 1
    assert read(blobs, "deep/in/a/race") == str(won.index(True)).encode() * 1000


def test_a_reader_sees_one_whole_blob_while_it_is_overwritten(blobs: Blobs) -> None:
    def write(number: int) -> None:
        blobs.put("shared", bytes([number]) * 300_000)

    write(0)
    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, number) for number in range(1, 12)]
        for _ in range(20):
            content = read(blobs, "shared")
            assert len(content) == 300_000
            assert len(set(content)) == 1
        for writer in writers:
            writer.result()


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        (0, None, b"0123456789"),
        (3, None, b"3456789"),
        (0, 3, b"012"),
        (3, 4, b"3456"),
        (8, 100, b"89"),
        (0, 0, b""),
        (5, 0, b""),
        (10, None, b""),
        (10, 5, b""),
        (1000, None, b""),
    ],
)
def test_ranges(blobs: Blobs, start: int, length: int | None, expected: bytes) -> None:
    blobs.put("digits", b"0123456789")
    assert read(blobs, "digits", start=start, length=length) == expected


def test_a_range_reads_in_pieces(blobs: Blobs) -> None:
    blobs.put("digits", b"0123456789")
    with blobs.open("digits", start=2, length=5) as stream:
        assert [stream.read(2), stream.read(2), stream.read(2), stream.read(2)] == [b"23", b"45", b"6", b""]
    blobs.put("lines", b"one\ntwo\nthree")
    with blobs.open("lines", start=4) as stream:
        assert list(stream) == [b"two\n", b"three"]


@pytest.mark.parametrize(("start", "length"), [(-1, None), (0, -1)])
def test_a_range_without_sense_is_refused(blobs: Blobs, start: int, length: int | None) -> None:
    blobs.put("a", b"x")
    with pytest.raises(ValueError, match="range"):
        blobs.open("a", start=start, length=length)


def test_what_is_not_there(blobs: Blobs) -> None:
    blobs.put("a/b", b"x")
    for key in ("none", "a", "a/c", "a/b/c", "x/y/z"):
        with pytest.raises(BlobNotFound):
            blobs.open(key)
        with pytest.raises(BlobNotFound):
            blobs.open(key, length=0)
        with pytest.raises(BlobNotFound):
            blobs.info(key)


def test_size_and_date_are_known(blobs: Blobs) -> None:
    blobs.put("a", b"12345")
    found = blobs.info("a")
    assert (found.key, found.size) == ("a", 5)
    assert found.modified.tzinfo is not None
    assert abs(datetime.now(UTC) - found.modified) < timedelta(minutes=5)


def test_listing_is_in_the_order_of_keys(blobs: Blobs) -> None:
    keys = ["a", "a-b", "b/a", "b/a-c", "b/a.d/x", "b/a0", "b/a2/x/y", "c/é", "c/日", "c/\U0001f600", "c/z"]
    for key in keys:
        blobs.put(key, key.encode())
    for prefix in ("", "a", "a-", "b", "b/", "b/a", "b/a.", "b/a2/x/", "c/é", "none", "none/x", "b/a/x"):
        found = list(blobs.list(prefix))
        expected = sorted((key for key in keys if key.startswith(prefix)), key=str.encode)
        assert [info.key for info in found] == expected, prefix
        assert [info.size for info in found] == [len(key.encode()) for key in expected]


def test_listing_finds_nothing_by_a_strange_prefix(blobs: Blobs) -> None:
    blobs.put("a/b", b"x")
    for prefix in ("/", "../", "a/../", "a//", "./a"):
        assert list(blobs.list(prefix)) == []


def test_deleting(blobs: Blobs) -> None:
    for key in ("a/1", "a/2", "a/b/3", "c"):
        blobs.put(key, b"x")
    blobs.delete(["a/1", "none", "a", "c/d", "a/b/3"])
    assert [info.key for info in blobs.list("")] == ["a/2", "c"]
    blobs.delete([])
    blobs.delete(info.key for info in blobs.list(""))
    assert list(blobs.list("")) == []
    blobs.put("a/1", b"again")
    assert read(blobs, "a/1") == b"again"


def test_writing_survives_deleting_next_to_it(blobs: Blobs) -> None:
    def churn(number: int) -> None:
        for _ in range(15):
            blobs.put(f"x/y/{number}", b"x", overwrite=False)
            blobs.delete([f"x/y/{number}"])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(churn, range(4)))
    assert list(blobs.list("")) == []


@pytest.mark.parametrize("key", BAD_KEYS, ids=lambda key: repr(key[:9]))
def test_bad_keys_are_refused(blobs: Blobs, key: str) -> None:
    calls = [
        lambda: blobs.put(key, b"x"),
        lambda: blobs.open(key),
        lambda: blobs.info(key),
        lambda: blobs.delete([key]),
        lambda: blobs.upload_url(key, expires_seconds=60, max_bytes=10),
        lambda: blobs.keep([key]),
    ]
    for call in calls:
        with pytest.raises(InvalidKey):
            call()


def test_keeping_changes_no_content(blobs: Blobs) -> None:
    blobs.put("a", b"x")

    blobs.keep(["a"])

    assert read(blobs, "a") == b"x"
    assert [info.key for info in blobs.list("")] == ["a"]


@pytest.mark.parametrize(
    "key", ["a b", "ä/日本/\U0001f600", "...", "a/..b", "%2e%2e/x", "#?&+=%", "-", "\\..\\a", "a\nb", "~"]
)
def test_odd_keys(blobs: Blobs, key: str) -> None:
    blobs.put(key, b"x")
    assert read(blobs, key) == b"x"
    assert [info.key for info in blobs.list("")] == [key]
    blobs.delete([key])
    assert list(blobs.list("")) == []
