"""`io.kestra.plugin.core.storage.Reverse`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any, BinaryIO

from pydantic import Field

from thermik.tasks.runnable import RunContext, RunnableTask, TaskFailure
from thermik.tasks.scratch import scratch
from thermik.tasks.storage.rows import MAX_ROW_BYTES, extension_of

_BLOCK = 64 * 1024


class Reverse(RunnableTask):
    """Turn a file's lines round, the last one first.

    Each is written with the separator.
    """

    from_: str = Field(alias="from")
    separator: str = "\n"
    charset: str = "UTF-8"

    def run(self, context: RunContext) -> dict[str, Any]:
        """Write the reversed file; outputs `uri`."""
        uri: str = context.render(self.from_)
        separator = _separator(context.render(self.separator), context.render(self.charset))
        with scratch() as folder:
            copy, reversed_ = folder / "copy", folder / f"reversed{extension_of(uri)}"
            with context.open_file(uri) as source, copy.open("wb") as target:
                shutil.copyfileobj(source, target)
            with copy.open("rb") as source, reversed_.open("wb") as target:
                for number, line in enumerate(backwards(source)):
                    if number % 1000 == 0:
                        context.check()
                    target.write(line + separator)
            return {"uri": context.put_file(reversed_, reversed_.name)}


def backwards(file: BinaryIO, block: int = _BLOCK) -> Iterator[bytes]:
    """The lines of a file from its end, without their ends, reading a block at a time.

    Raises:
        TaskFailure: a line is longer than `MAX_ROW_BYTES`.
    """
    position = file.seek(0, os.SEEK_END)
    if not position:
        return
    file.seek(position - 1)
    if file.read(1) == b"\n":
        position -= 1  # it ends the last line and begins none
    rest = b""
    while position > 0:
        start = max(0, position - block)
        file.seek(start)
        rest, *lines = (file.read(position - start) + rest).split(b"\n")
        position = start
        for line in reversed(lines):
            yield line.removesuffix(b"\r")
        if len(rest) > MAX_ROW_BYTES:
            raise TaskFailure(f"A row is longer than {MAX_ROW_BYTES} bytes")
        if not lines:
            block *= 2  # so that a long row is not put together from many small pieces
    yield rest.removesuffix(b"\r")


def _separator(separator: str, charset: str) -> bytes:
    try:
        if "\n".encode(charset) != b"\n":
            raise TaskFailure(f"charset '{charset}' is not supported: its line ends have more than one byte")
        return separator.encode(charset)
    except (LookupError, UnicodeEncodeError) as error:
        raise TaskFailure(f"Cannot write the separator in charset '{charset}': {error}") from error
