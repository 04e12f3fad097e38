"""The port of the blob store: large values and files by key, streamed.

Keys are `/`-separated texts without empty, `.` or `..` parts; which key belongs to which file of an
execution is decided above (`storage/internal.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import BinaryIO, Protocol

from thermik.records import record


@record
class BlobInfo:
    """What is known of a blob without reading it: size in bytes, date of the last write (UTC)."""

    key: str
    size: int
    modified: datetime


class Blobs(Protocol):
    """What Thermik needs from an object store. Thread-safe; a reader sees a whole blob or none."""

    def put(self, key: str, content: bytes | BinaryIO, *, overwrite: bool = True) -> int:
        """Store a blob from bytes or a stream (never held whole in memory); returns its size in bytes.

        Durable and visible at once when it returns; before, nothing is seen of it.

        Raises:
            BlobExists: there is one and `overwrite` is false.
            InvalidKey: the key is not acceptable.
            BlobsUnavailable: the store cannot be reached, or is full.
        """
        ...

    def open(self, key: str, *, start: int = 0, length: int | None = None) -> BinaryIO:
        """A stream of the blob's bytes, or of a range of them; the caller closes it.

        Raises:
            BlobNotFound, InvalidKey, BlobsUnavailable.
        """
        ...

    def info(self, key: str) -> BlobInfo:
        """Size and date. Raises: BlobNotFound, InvalidKey, BlobsUnavailable."""
        ...

    def list(self, prefix: str) -> Iterator[BlobInfo]:
        """All blobs whose key begins so, by key, read lazily. Raises: BlobsUnavailable."""
        ...

    def delete(self, keys: Iterable[str]) -> None:
        """Remove these blobs; what is not there is passed over. Raises: InvalidKey, BlobsUnavailable."""
        ...

    def upload_url(
        self, key: str, *, expires_seconds: int, max_bytes: int, until_kept: bool = False
    ) -> dict[str, object] | None:
        """Where a client may upload this blob by itself: `{url, fields}` of a form POST.

        None where the store has no such thing (files).

        Args:
            until_kept: the store deletes the blob after a day or two, unless `keep` was called for it.
        """
        ...

    def keep(self, keys: Iterable[str]) -> None:
        """Blobs that were uploaded until they are kept stay; what is not there is passed over.

        Raises:
            InvalidKey, BlobsUnavailable.
        """
        ...
