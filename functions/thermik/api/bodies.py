"""The bytes of a request or of one of its parts: in memory when small, in a mapped file when large.

Both are searched and sliced alike, so a form is read the same way wherever its bytes are, and a large file is
never whole in memory.
"""

from __future__ import annotations

import io
import mmap
from typing import TYPE_CHECKING, BinaryIO, cast

from thermik.records import record

if TYPE_CHECKING:
    from typing_extensions import Buffer


@record
class Body:
    """Some bytes of a buffer, from `start` to `end`."""

    buffer: bytes | mmap.mmap
    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def read(self) -> bytes:
        """All of them: for what is known to be small."""
        return self.buffer[self.start : self.end]

    def find(self, wanted: bytes, start: int) -> int:
        """Where the bytes are next, counted in the buffer; -1 if they are not."""
        return self.buffer.find(wanted, start, self.end)

    def part(self, start: int, end: int) -> Body:
        """A part, whose bounds count in the buffer."""
        return Body(self.buffer, start, end)

    def open(self) -> BinaryIO:
        """A stream of them."""
        return cast("BinaryIO", io.BufferedReader(_Reader(self)))


class _Reader(io.RawIOBase):
    def __init__(self, body: Body) -> None:
        super().__init__()
        self._body = body
        self._position = body.start

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: self._body.start, io.SEEK_CUR: self._position, io.SEEK_END: self._body.end}[whence]
        self._position = max(self._body.start, origin + offset)
        return self._position - self._body.start

    def readinto(self, buffer: Buffer) -> int:
        room = memoryview(buffer).cast("B")
        # not beyond the part: behind it in the same buffer stand the other parts of the form
        piece = self._body.buffer[self._position : min(self._position + len(room), self._body.end)]
        room[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)


def body_of(content: bytes | mmap.mmap) -> Body:
    """The whole of a buffer."""
    return Body(content, 0, len(content))


NO_BODY = body_of(b"")
