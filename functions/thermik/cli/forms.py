"""A multipart form whose files are streamed: inputs of an execution, whatever their size.

https://www.rfc-editor.org/rfc/rfc7578
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import quote

_PIECE = 64 * 1024


class Form:
    """Iterates over the bytes of a form; the files are open within `with`.

    Args:
        file_names: what a file is called in the form, where that is not its own name.

    Attributes:
        content_type: with the boundary. length: bytes in all.

    Raises:
        OSError: a file cannot be opened.
    """

    def __init__(
        self, texts: Mapping[str, str], files: Mapping[str, Path], file_names: Mapping[str, str] | None = None
    ) -> None:
        boundary = secrets.token_hex(16)  # that no file can have in it by chance or by design
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._closing = ExitStack()
        self._end = f"--{boundary}--\r\n".encode()
        self._parts: list[tuple[bytes, bytes | BinaryIO]] = []
        self.length = len(self._end)
        for name, text in texts.items():
            value = text.encode()
            self._add(_head(boundary, name), value, len(value))
        for name, path in files.items():
            file = self._closing.enter_context(path.open("rb"))
            called = (file_names or {}).get(name, path.name)
            self._add(_head(boundary, name, called), file, path.stat().st_size)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def __iter__(self) -> Iterator[bytes]:
        for head, content in self._parts:
            yield head
            if isinstance(content, bytes):
                yield content
            else:
                while piece := content.read(_PIECE):
                    yield piece
            yield b"\r\n"
        yield self._end

    def _add(self, head: bytes, content: bytes | BinaryIO, size: int) -> None:
        self._parts.append((head, content))
        self.length += len(head) + size + len(b"\r\n")


def _head(boundary: str, name: str, file: str | None = None) -> bytes:
    """A part's header; quotes and line breaks in a name are percent-encoded, as browsers do."""
    named = f'; filename="{_escaped(file)}"\r\nContent-Type: application/octet-stream' if file is not None else ""
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{_escaped(name)}"{named}\r\n\r\n'.encode()


def _escaped(name: str) -> str:
    return "".join(quote(character) if character in '"\r\n' else character for character in name)
