"""Archives of namespace files that somebody sends: checked as a whole, then unpacked file by file.

Its directory tells the size of every file; zipfile hands out no more bytes of a file than that.
"""

from __future__ import annotations

import zipfile
import zlib
from typing import BinaryIO, cast

from thermik.api.bodies import Body
from thermik.api.errors import BadRequest, TooLarge
from thermik.storage.blobs import Blobs
from thermik.storage.namespace_files import file_key

MAX_FILES = 10_000
MAX_BYTES = 500 * 1024 * 1024
"""Bytes of all files of an archive, unpacked."""

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Those that zipfile unpacks piece by piece, and whose memory is therefore bounded."""


def unpack(blobs: Blobs, namespace: str, content: Body) -> list[str]:
    """Write each file of an archive; their paths.

    Raises:
        BadRequest: it is no zip archive, or broken; files before the broken one are written.
        TooLarge: too many files or bytes. InvalidKey: a path that leads elsewhere. Then nothing is written.
    """
    try:
        with zipfile.ZipFile(content.open()) as archive:
            files = {each.filename.lstrip("/"): each for each in archive.infolist() if not each.is_dir()}
            _check([*files.values()])
            keys = {file_key(namespace, path): each for path, each in files.items()}
            for key, entry in keys.items():
                with archive.open(entry) as stream:
                    blobs.put(key, cast("BinaryIO", stream))  # zipfile gives no more bytes than were announced
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise BadRequest(f"The archive cannot be unpacked: {error}") from error
    return [*files]


def _check(files: list[zipfile.ZipInfo]) -> None:
    if any(each.compress_type not in _METHODS for each in files):
        raise BadRequest("The archive is compressed by a method other than deflate")
    if len(files) > MAX_FILES or sum(each.file_size for each in files) > MAX_BYTES:
        raise TooLarge(f"The archive has more than {MAX_FILES} files, or than {MAX_BYTES} bytes unpacked")
