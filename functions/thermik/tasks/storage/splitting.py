"""Cutting a file of rows into several: by rows, by bytes, into partitions, by a pattern's group.

Used by the Split task, and by ForEachItem for its batches. A row is never cut; each is written with the separator.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Protocol

from thermik.tasks.runnable import RunContext, TaskFailure
from thermik.tasks.scratch import scratch
from thermik.tasks.storage.rows import extension_of, rows

MAX_OPEN = 500
"""Files written side by side, below the 1,024 descriptors that a process may usually have."""

_SIZE = re.compile(r"\s*(\d+)\s*([kmg]?)b?\s*", re.IGNORECASE)
_FACTORS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


class Cut(Protocol):
    """Writes rows to files in a folder; gives the files in their order."""

    def __call__(self, lines: Iterator[bytes], new_file: Callable[[], BinaryIO]) -> None:
        """Write every line to one of the files that `new_file` opens."""
        ...


def split_file(context: RunContext, uri: str, cut: Cut) -> list[str]:
    """Cut a stored file; returns the URIs of the parts that have any rows, in order.

    Raises:
        TaskFailure: no such file, or too many parts at once.
    """
    with scratch() as folder, ExitStack() as files:
        paths: list[Path] = []

        def new_file() -> BinaryIO:
            path = folder / f"{len(paths):06}{extension_of(uri)}"
            paths.append(path)
            return files.enter_context(path.open("wb"))

        with context.open_file(uri) as source:
            cut(rows(context, source), new_file)
        files.close()
        return [context.put_file(path, path.name) for path in paths if path.stat().st_size]


def by_rows(count: int, separator: bytes) -> Cut:
    """A new file after every `count` rows."""
    return _one_after_the_other(lambda _, written: written >= count, separator)


def by_bytes(size: int, separator: bytes) -> Cut:
    """A new file once the one before has `size` bytes or more."""
    return _one_after_the_other(lambda size_now, _: size_now >= size, separator)


def _one_after_the_other(full: Callable[[int, int], bool], separator: bytes) -> Cut:
    def cut(lines: Iterator[bytes], new_file: Callable[[], BinaryIO]) -> None:
        file: BinaryIO | None = None
        size = written = 0
        for line in lines:
            if file is None or full(size, written):
                if file is not None:
                    file.close()
                file, size, written = new_file(), 0, 0
            size += file.write(line + separator)
            written += 1

    return cut


def by_partitions(count: int, separator: bytes) -> Cut:
    """`count` files, to which the rows are dealt out in turn."""
    if count > MAX_OPEN:
        raise TaskFailure(f"partitions must be at most {MAX_OPEN}, not {count}")

    def cut(lines: Iterator[bytes], new_file: Callable[[], BinaryIO]) -> None:
        files = [new_file() for _ in range(count)]
        for number, line in enumerate(lines):
            files[number % count].write(line + separator)

    return cut


def by_pattern(pattern: str, separator: bytes) -> Cut:
    """A file for each value of the pattern's first group; rows that do not match are left out."""
    try:
        compiled = re.compile(pattern.encode())
    except re.error as error:
        raise TaskFailure(f"regexPattern '{pattern}' is not well-formed: {error}") from error
    if not compiled.groups:
        raise TaskFailure(f"regexPattern '{pattern}' needs a group, in parentheses, whose value chooses the file")

    def cut(lines: Iterator[bytes], new_file: Callable[[], BinaryIO]) -> None:
        files: dict[bytes, BinaryIO] = {}
        for line in lines:
            match = compiled.search(line)
            if match is None or match.group(1) is None:
                continue
            value = match.group(1)
            if value not in files:
                if len(files) == MAX_OPEN:
                    raise TaskFailure(f"regexPattern gives more than {MAX_OPEN} different values")
                files[value] = new_file()
            files[value].write(line + separator)

    return cut


def parse_size(text: str) -> int:
    """A number of bytes: `10`, `10KB`, `10MB`, `1GB` (powers of 1,024).

    Raises:
        TaskFailure: it is no such text.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise TaskFailure(f"'{text}' is no size such as 500, 10KB or 1MB")
    return int(match[1]) * _FACTORS[match[2].lower()]
