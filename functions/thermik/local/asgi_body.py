"""The body of a request as it comes in: in memory while small, then in a file that is gone with its last reader."""

from __future__ import annotations

import asyncio
import mmap
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from thermik.api.bodies import NO_BODY, Body, body_of
from thermik.api.errors import BadRequest, TooLarge
from thermik.api.request import MAX_TEXT_BODY
from thermik.storage.errors import BlobsUnavailable
from thermik.storage.files import ADVICE

IN_MEMORY = 1024 * 1024
"""Bytes of a body that stay in memory."""

MAX_FORM = 2 * 1024**3
"""Bytes of a form with files."""


class Disconnected(Exception):
    """The client is gone before it had sent its request."""


async def read_body(
    receive: Callable[[], Awaitable[dict[str, Any]]],
    headers: Mapping[str, str],
    uploads: Path,
    admit: Callable[[Mapping[str, str]], None],
    pool: Executor,
) -> Body:
    """The whole body.

    Args:
        uploads: the directory for what does not fit into memory.
        admit: raises for a client that may not send much.

    Raises:
        Disconnected: the client is gone.
        TooLarge: it has more bytes than are accepted.
        NotAuthenticated: a large body of somebody unknown.
        BlobsUnavailable: the directory takes no more.
    """
    limit = MAX_FORM if headers.get("content-type", "").lower().startswith("multipart/") else MAX_TEXT_BODY
    _check_announced(headers.get("content-length"), limit)
    pieces = bytearray()
    file: IO[bytes] | None = None
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        pieces += message.get("body", b"")
        size += len(message.get("body", b""))
        if size > limit:
            raise TooLarge(f"The body has more than {limit} bytes")
        if len(pieces) > IN_MEMORY:
            if file is None:
                admit(headers)
                with _failures(uploads):
                    file = await asyncio.get_running_loop().run_in_executor(pool, _spool, uploads)
            with _failures(uploads):
                await asyncio.get_running_loop().run_in_executor(pool, file.write, bytes(pieces))
            pieces.clear()
        if not message.get("more_body", False):
            break
    if file is None:
        return body_of(bytes(pieces)) if pieces else NO_BODY
    with _failures(uploads):
        file.write(pieces)
        file.flush()
    with file:  # the mapping keeps the file, which has no name, until nobody reads it
        return body_of(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _spool(directory: Path) -> IO[bytes]:
    directory.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=directory)


@contextmanager
def _failures(directory: Path) -> Iterator[None]:
    """What the file system refuses, told with the directory and what to do."""
    try:
        yield
    except OSError as error:
        advice = ADVICE.get(error.errno or 0, "it cannot be written")
        raise BlobsUnavailable(f"The directory for uploads {directory}: {advice} ({error})") from error


def _check_announced(length: str | None, limit: int) -> None:
    if length is None:
        return
    if not length.isdigit():
        raise BadRequest("Content-Length is no number")
    if int(length) > limit:
        raise TooLarge(f"The body has {length} bytes; at most {limit} are accepted")
