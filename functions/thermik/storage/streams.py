"""Streams of bytes between callers and blob stores: read in pieces, never whole."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from typing_extensions import Buffer

PIECE_BYTES = 256 * 1024


def pieces(content: bytes | BinaryIO, size: int = PIECE_BYTES) -> Iterator[bytes | bytearray]:
    """The content in pieces of exactly this size (the last may be shorter); none if it is empty."""
    stream = io.BytesIO(content) if isinstance(content, bytes) else content
    while piece := _filled(stream, size):
        yield piece


def check_range(start: int, length: int | None) -> None:
    """Refuse a range that makes no sense.

    Raises:
        ValueError: its start or length is negative.
    """
    if start < 0 or (length is not None and length < 0):
        raise ValueError(f"a range cannot begin at {start} with length {length}")


class LimitedReader(io.RawIOBase):
    """The next `length` bytes of a stream, as a stream; closing it closes the other."""

    def __init__(self, stream: BinaryIO, length: int) -> None:
        super().__init__()
        self._stream = stream
        self._left = length

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Fill the buffer as far as the range goes; 0 at its end."""
        room = memoryview(buffer).cast("B")
        piece = self._stream.read(min(len(room), self._left))
        room[: len(piece)] = piece
        self._left -= len(piece)
        return len(piece)

    def close(self) -> None:
        """Close both streams."""
        self._stream.close()
        super().close()


def _filled(stream: BinaryIO, size: int) -> bytes | bytearray:
    """So many bytes, from as many short reads as it takes; fewer only at the end."""
    first = stream.read(size)
    if len(first) == size or not first:
        return first
    piece = bytearray(first)
    while len(piece) < size and (more := stream.read(size - len(piece))):
        piece += more
    return piece
