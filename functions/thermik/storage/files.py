"""Blobs as files in a directory: internal storage on a laptop.

A blob is written to a file of its own beside the tree, flushed, then renamed into place (or linked,
where nothing may be overwritten), and its directory is flushed: a reader sees a whole blob or none, and
what was stored survives a power cut. Deletions are not flushed: one may be undone by a power cut.

Keys are paths, so one blob's key cannot be a directory of another's.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

from thermik.storage.blobs import BlobInfo
from thermik.storage.directories import open_file, opened, prune, walk
from thermik.storage.errors import BlobExists, BlobNotFound, BlobsUnavailable, InvalidKey
from thermik.storage.paths import key_parts
from thermik.storage.streams import LimitedReader, check_range, pieces

_MAX_RACES = 20
"""Times that a directory may be pruned under a writer's hands before it gives up."""

_ORPHAN_AGE_SECONDS = 60.0
"""A younger incoming file without a lock may be one whose writer has not locked it yet."""


class FileBlobs:
    """`Blobs` in a directory, which is made if it is not there.

    `blobs/` holds the tree of keys, `incoming/` what is being written; what dead processes left there is swept at
    construction.

    Raises:
        BlobsUnavailable: the directory cannot be used.
    """

    def __init__(self, root: Path) -> None:
        self._tree = root / "blobs"
        self._incoming = root / "incoming"
        with _failures(f"the directory {root}"):
            self._tree.mkdir(parents=True, exist_ok=True)
            self._incoming.mkdir(parents=True, exist_ok=True)
            _sweep(self._incoming)

    def put(self, key: str, content: bytes | BinaryIO, *, overwrite: bool = True) -> int:
        """See `Blobs.put`."""
        parts = key_parts(key)
        name = f"{os.getpid()}.{secrets.token_hex(8)}"
        path = self._incoming / name
        try:
            size = _write(path, content, key)
            with _failures(f"the blob {key!r}"):
                self._place(path, key, parts, overwrite=overwrite)
        finally:
            with suppress(FileNotFoundError):
                path.unlink()
        return size

    def open(self, key: str, *, start: int = 0, length: int | None = None) -> BinaryIO:
        """See `Blobs.open`."""
        check_range(start, length)
        *above, name = key_parts(key)
        with _failures(f"the blob {key!r}"), _missing(key), opened(self._tree, above) as directory:
            stream = os.fdopen(open_file(directory, name), "rb")
        stream.seek(start)
        return stream if length is None else cast("BinaryIO", LimitedReader(stream, length))

    def info(self, key: str) -> BlobInfo:
        """See `Blobs.info`."""
        *above, name = key_parts(key)
        with _failures(f"the blob {key!r}"), _missing(key), opened(self._tree, above) as directory:
            descriptor = open_file(directory, name)
            try:
                return _info(key, os.fstat(descriptor))
            finally:
                os.close(descriptor)

    def list(self, prefix: str) -> Iterator[BlobInfo]:
        """See `Blobs.list`."""
        *above, beginning = prefix.split("/")
        if any(part in {"", ".", ".."} or "\0" in part for part in above):
            return  # no key begins so
        with _failures("the blobs"):
            for entry in walk(self._tree, above, beginning):
                yield _info(entry.path, entry.status)

    def delete(self, keys: Iterable[str]) -> None:
        """See `Blobs.delete`."""
        for key in keys:
            *above, name = key_parts(key)
            with _failures(f"the blob {key!r}"), suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
                with opened(self._tree, above) as directory:
                    os.unlink(name, dir_fd=directory)
                prune(self._tree, above)

    def upload_url(
        self,
        key: str,
        *,
        expires_seconds: int,  # noqa: ARG002 - the port's arguments
        max_bytes: int,  # noqa: ARG002
        until_kept: bool = False,  # noqa: ARG002
    ) -> dict[str, object] | None:
        """None: clients upload through the API."""
        key_parts(key)
        return None

    def keep(self, keys: Iterable[str]) -> None:
        """See `Blobs.keep`: all blobs stay, as no client uploads one by itself."""
        for key in keys:
            key_parts(key)

    def _place(self, path: Path, key: str, parts: Sequence[str], *, overwrite: bool) -> None:
        for race in range(_MAX_RACES):
            try:
                with opened(self._tree, parts[:-1], make=True) as directory:
                    if overwrite:
                        os.replace(path, parts[-1], dst_dir_fd=directory)
                    else:
                        os.link(path, parts[-1], dst_dir_fd=directory)
                    os.fsync(directory)
                    return
            except FileExistsError as error:
                raise BlobExists(f"there is a blob {key!r} already") from error
            except (NotADirectoryError, IsADirectoryError) as error:
                raise InvalidKey(f"the key {key!r} is part of another blob's key, or the other way round") from error
            except FileNotFoundError:  # the directory was found empty, and pruned, between our two steps
                if race == _MAX_RACES - 1:
                    raise


def _write(path: Path, content: bytes | BinaryIO, key: str) -> int:
    """Write and flush an incoming file, locked while its process lives. The source's own errors pass unchanged."""
    size = 0
    with _failures(f"the blob {key!r}"):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        with _failures(f"the blob {key!r}"):
            fcntl.flock(file, fcntl.LOCK_EX)
        for piece in pieces(content):
            with _failures(f"the blob {key!r}"):
                _write_all(file.fileno(), piece)
            size += len(piece)
        with _failures(f"the blob {key!r}"):
            os.fsync(file.fileno())
    return size


def _write_all(descriptor: int, piece: bytes | bytearray) -> None:
    left = memoryview(piece)
    while left:
        left = left[os.write(descriptor, left) :]


def _info(key: str, status: os.stat_result) -> BlobInfo:
    return BlobInfo(key, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


def _sweep(incoming: Path) -> None:
    """Remove what dead processes were writing: old enough, and locked by nobody."""
    oldest = time.time() - _ORPHAN_AGE_SECONDS
    for path in incoming.iterdir():
        with suppress(FileNotFoundError, BlockingIOError), path.open("rb") as file:
            if os.fstat(file.fileno()).st_mtime < oldest:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()


@contextmanager
def _missing(key: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BlobNotFound(f"there is no blob {key!r}") from error


@contextmanager
def _failures(subject: str) -> Iterator[None]:
    """Turn what the file system refuses into our errors, with advice."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise InvalidKey(f"{subject} lies behind a symbolic link, which is not followed") from error
        raise BlobsUnavailable(
            f"{subject}: {ADVICE.get(error.errno or 0, 'the file system refuses')} ({error})"
        ) from error


ADVICE = {
    errno.ENOSPC: "the disk is full: free some space",
    errno.EDQUOT: "the disk quota is used up: free some space",
    errno.EFBIG: "the file is larger than the file system or a limit of the process allows",
    errno.EACCES: "access is refused: check the permissions of the data directory",
    errno.EPERM: "access is refused: check the permissions of the data directory",
    errno.EROFS: "the file system is read-only",
    errno.EMFILE: "too many files are open: raise the limit (ulimit -n)",
    errno.EIO: "the disk fails to read or write",
}
"""What to do about an error of the file system, by its errno."""
