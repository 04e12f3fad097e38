"""Files of a directory in a zip, and back, with their digests: how a WorkingDirectory keeps a cache.

The archive was made from what scripts left in a directory, so it is no more trusted than they: nothing is written
outside of the directory, through a link, or without bounds.
"""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, BinaryIO

from thermik.tasks.directory_files import created_file
from thermik.tasks.runnable import RunContext, TaskFailure

MAX_FILES = 200_000
"""Files of one archive: a large `node_modules` has some 50,000."""

MAX_BYTES = 8 * 1024**3
"""Of all files together, unpacked; a Lambda's disk has 10 GB at the most."""

_PIECE = 1024 * 1024
_PERMISSIONS = 0o777


class NoArchive(Exception):
    """What was kept is no archive that could be unpacked."""


def unpack(context: RunContext, archive: IO[bytes], root: Path) -> dict[str, str]:
    """Write an archive's files into the directory; their digests by relative path.

    Raises:
        NoArchive: it is damaged.
        TaskFailure: too many files or bytes, or a path that leads elsewhere.
    """
    digests: dict[str, str] = {}
    left = MAX_BYTES
    try:
        with zipfile.ZipFile(archive) as zipped:
            files = [entry for entry in zipped.infolist() if not entry.is_dir()]
            if len(files) > MAX_FILES:
                raise TaskFailure(f"The cache has {len(files)} files; at most {MAX_FILES} are unpacked")
            for entry in files:
                context.check()
                with zipped.open(entry) as source, created_file(root, entry.filename) as target:
                    digests[entry.filename], size = _copy(source, target, left)
                    os.fchmod(target.fileno(), stat.S_IRUSR | stat.S_IWUSR | (entry.external_attr >> 16) & _PERMISSIONS)
                left -= size
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise NoArchive(str(error)) from error
    return digests


def pack(files: Iterable[tuple[str, Path]], target: Path) -> None:
    """Write files, by relative path, into a new archive."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as zipped:
        for name, path in files:
            zipped.write(path, name)


def digests_of(files: Iterable[tuple[str, Path]]) -> Mapping[str, str]:
    """The digests of files by relative path."""
    digests = {}
    for name, path in files:
        with path.open("rb") as source:
            digests[name] = hashlib.file_digest(source, "sha256").hexdigest()
    return digests


def _copy(source: IO[bytes], target: BinaryIO, most: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while piece := source.read(_PIECE):
        size += len(piece)
        if size > most:
            raise TaskFailure(f"The cache has more than {MAX_BYTES} bytes when it is unpacked")
        digest.update(piece)
        target.write(piece)
    return digest.hexdigest(), size
