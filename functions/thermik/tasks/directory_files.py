"""Files into a working directory and out of it, without ever leaving it.

The directory is under the script's control: a script of a WorkingDirectory may have put a symbolic link where the next
task writes. So files are opened component by component from the directory's own descriptor, and no link is followed,
neither inwards nor outwards.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from thermik.tasks.globs import glob_pattern
from thermik.tasks.runnable import RunContext, TaskFailure

MAX_OUTPUT_FILES = 10_000
"""More files than this in one task run are an accident (a cache directory, an unpacked archive): pack them."""
STORED = ("kestra://", "nsfile://")
"""The URIs whose file is fetched; any other value is the file's text."""

_STORAGE_URI = re.compile(r"kestra://[-a-zA-Z0-9%._+~#=/]*")
_NO_FOLLOW = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # and do not wait at a named pipe in place of the file


def write_input_files(context: RunContext, root: Path, files: Mapping[str, Any]) -> None:
    """Write rendered `inputFiles`: relative path to text, or to the URI of a stored file; a null is left out.

    Raises:
        TaskFailure: a path that leaves the directory or runs into a link, a value that is no text, a missing file.
    """
    for name, value in files.items():
        if value is None:
            continue
        if not isinstance(value, str):
            raise TaskFailure(f"Input file '{name}' must be a text or a URI, not {type(value).__name__}")
        with created_file(root, name) as target:
            _fill(context, target, value)


def fetch_stored(context: RunContext, text: str, folder: Path) -> str:
    """Replace each `kestra:///…` URI in a command by the path of a copy in `folder`, which is made if needed."""
    copies: dict[str, str] = {}

    def local(match: re.Match[str]) -> str:
        uri = match.group()
        if uri not in copies:
            folder.mkdir(exist_ok=True)
            target = folder / f"{len(list(folder.iterdir()))}{PurePosixPath(uri).suffix}"
            with context.open_file(uri) as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink)
            copies[uri] = str(target)
        return copies[uri]

    return _STORAGE_URI.sub(local, text)


def store_output_files(context: RunContext, root: Path, patterns: list[str]) -> dict[str, str]:
    """Move the files that match any of the globs into the internal storage; returns relative path to URI, sorted.

    Links are passed over with a warning: what they point to need not be the script's.

    Raises:
        TaskFailure: a pattern that is no relative glob, or too many files.
    """
    chosen = matching_files(context, root, patterns, MAX_OUTPUT_FILES)
    return {name: context.put_file(path, name) for name, path in chosen}


def matching_files(context: RunContext, root: Path, patterns: Sequence[str], most: int) -> list[tuple[str, Path]]:
    """The plain files below the directory that match any of the globs: relative path and path, sorted.

    Raises:
        TaskFailure: a pattern that is no relative glob, or more than `most` files.
    """
    compiled = {pattern: glob_pattern(pattern) for pattern in patterns}
    unused = set(patterns)
    chosen = []
    for path in _walk(root):
        name = path.relative_to(root).as_posix()
        matching = {pattern for pattern, regex in compiled.items() if regex.fullmatch(name)}
        unused -= matching
        if matching and _is_plain(context, path, name):
            chosen.append((name, path))
            if len(chosen) > most:
                raise TaskFailure(f"More than {most} files match {', '.join(patterns)}; pack them into one")
    for pattern in patterns:
        if pattern in unused:
            context.log.warn(f"No file matches '{pattern}'")
    return sorted(chosen)


def _walk(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):  # links to directories are not followed, they come as folders
        yield from (Path(folder) / name for name in names)
        yield from (Path(folder) / name for name in folders if (Path(folder) / name).is_symlink())


def _is_plain(context: RunContext, path: Path, name: str) -> bool:
    if stat.S_ISREG(path.lstat().st_mode):
        return True
    context.log.warn(f"'{name}' is not kept: it is no regular file (links are not followed)")
    return False


def _fill(context: RunContext, target: BinaryIO, value: str) -> None:
    if value.startswith(STORED):
        with context.open_file(value) as source:
            shutil.copyfileobj(source, target)
    elif value.startswith("file://"):
        raise TaskFailure(f"Cannot read '{value}': files of the worker's machine are not open to flows")
    else:
        target.write(value.encode())


@contextmanager
def created_file(root: Path, name: str) -> Iterator[BinaryIO]:
    """A new (or emptied) file below the directory, its folders made as needed, no link followed.

    Raises:
        TaskFailure: a path that leaves the directory or runs into a link.
    """
    parts = _inner_parts(name)
    descriptor = os.open(root, os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            deeper = _enter(part, descriptor)
            os.close(descriptor)
            descriptor = deeper
        opened = os.open(parts[-1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NO_FOLLOW, 0o644, dir_fd=descriptor)
    except OSError as error:
        raise TaskFailure(f"Cannot write the file '{name}': {error.strerror} (links are not followed)") from error
    finally:
        os.close(descriptor)
    with os.fdopen(opened, "wb") as file:
        yield file


def _enter(part: str, parent: int) -> int:
    with suppress(FileExistsError):
        os.mkdir(part, dir_fd=parent)
    return os.open(part, os.O_DIRECTORY | _NO_FOLLOW, dir_fd=parent)


def _inner_parts(name: str) -> tuple[str, ...]:
    """The components of a path below the directory.

    Raises:
        TaskFailure: it is empty or absolute, or leaves the directory.
    """
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name:
        raise TaskFailure(f"'{name}' is no path inside the working directory")
    return path.parts
