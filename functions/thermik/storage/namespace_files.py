"""The files of namespaces in the blob store: keys, listing, deleting.

A directory is what the paths of files say. One that was made by itself is kept by an empty file of its own, which no
listing shows.
"""

from __future__ import annotations

from collections.abc import Iterator

from thermik.storage.blobs import BlobInfo, Blobs
from thermik.storage.internal import key_of, namespace_file_uri, namespace_files_prefix

MARKER = ".kestra-directory"
"""Name of the file that keeps an empty directory."""


def file_key(namespace: str, path: str) -> str:
    """The key of a namespace file; its path may begin with a slash. Raises: InvalidKey."""
    return key_of(namespace_file_uri(namespace, path))


def files_of(blobs: Blobs, namespace: str) -> Iterator[tuple[str, BlobInfo]]:
    """The path, without a leading slash, and the blob of every file of a namespace, by path. Raises: InvalidKey."""
    prefix = namespace_files_prefix(namespace)
    for info in blobs.list(prefix):
        path = info.key.removeprefix(prefix)
        if path.rpartition("/")[2] != MARKER:
            yield path, info


def forget_empty_directories(blobs: Blobs, namespace: str, path: str) -> None:
    """Remove the directories above a file that was deleted, as far as nothing else is in them. Raises: InvalidKey."""
    above = path.strip("/").rpartition("/")[0]
    while above:
        marker = file_key(namespace, f"{above}/{MARKER}")
        if any(info.key != marker for info in blobs.list(file_key(namespace, above) + "/")):
            return
        blobs.delete([marker])
        above = above.rpartition("/")[0]
