"""Files of rows, read with bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from thermik.expressions import ExpressionError
from thermik.expressions.formats.ion import read_ion
from thermik.expressions.formats.json_reader import read_json
from thermik.tasks.runnable import RunContext, TaskFailure

MAX_ROW_BYTES = 64 * 1024 * 1024
"""A longer row is no row: the file has other separators, or none."""
CHECK_EVERY = 1000
"""Rows between two looks at whether the execution was killed."""


def rows(context: RunContext, stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a stream, without their ends (LF or CR LF).

    Raises:
        TaskFailure: a line is longer than `MAX_ROW_BYTES`.
        TaskInterrupted: the attempt must stop.
    """
    number = 0
    while row := stream.readline(MAX_ROW_BYTES + 1):
        if len(row) > MAX_ROW_BYTES and not row.endswith(b"\n"):
            raise TaskFailure(f"Row {number + 1} is longer than {MAX_ROW_BYTES} bytes")
        if number % CHECK_EVERY == 0:
            context.check()
        number += 1
        yield row.removesuffix(b"\n").removesuffix(b"\r")


def read_item(row: bytes) -> Mapping[str, Any]:
    """The item that a row holds: a JSON object, or an Ion struct.

    Raises:
        TaskFailure: it is neither.
    """
    text = row.decode("utf-8", "replace")
    try:
        item = read_json(text)
    except ExpressionError:
        item = _ion(text)
    if not isinstance(item, Mapping):
        raise TaskFailure(f"Every row must be a JSON or Ion object, not {text[:100]!r}")
    return item


def _ion(text: str) -> Any:
    try:
        return read_ion(text)
    except ExpressionError as error:
        raise TaskFailure(f"Every row must be a JSON or Ion object, not {text[:100]!r}: {error}") from error


def extension_of(uri: str, default: str = ".tmp") -> str:
    """The extension of a file's name, with its dot."""
    return PurePosixPath(uri).suffix or default
