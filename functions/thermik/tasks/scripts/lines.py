"""Lines out of a stream of bytes, whatever a script prints: no line, however long, takes more than a bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

MAX_LINE_BYTES = 1024 * 1024
"""Longer lines are cut: log entries of that length help nobody, and results of that size belong into a file."""


class Line(NamedTuple):
    """A line without its end. `dropped` bytes of it were cut off at the end. A tuple, since there may be millions."""

    data: bytes
    dropped: int = 0

    @property
    def text(self) -> str:
        """The line as text; bytes that are no UTF-8 show as the replacement character."""
        return self.data.decode("utf-8", "replace")


class LineSplitter:
    """Cuts chunks into lines at LF, CR LF and CR, as Java's readers do (a progress bar gives a line a step)."""

    def __init__(self, limit: int = MAX_LINE_BYTES) -> None:
        self._limit = limit
        self._rest = bytearray()
        self._dropped = 0
        self._after_return = False

    def feed(self, chunk: bytes) -> Iterator[Line]:
        """The lines that this chunk ends."""
        if self._after_return and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._after_return = chunk.endswith(b"\r")
        lines = chunk.splitlines()
        if not lines:
            return
        complete = chunk.endswith((b"\n", b"\r"))
        last = None if complete else lines.pop()
        for line in lines:
            if not self._rest and len(line) <= self._limit:
                yield Line(line)
                continue
            self._keep(line)
            yield self._take()
        if last is not None:
            self._keep(last)

    def end(self) -> Iterator[Line]:
        """The last line, if the stream did not end with a line's end."""
        if self._rest or self._dropped:
            yield self._take()

    def _keep(self, part: bytes) -> None:
        kept = part[: self._limit - len(self._rest)]
        self._rest += kept
        self._dropped += len(part) - len(kept)

    def _take(self) -> Line:
        line = Line(bytes(self._rest), self._dropped)
        self._rest.clear()
        self._dropped = 0
        return line
