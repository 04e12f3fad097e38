"""Walking a directory tree by keys without ever following a symbolic link.

A script of a flow may run as the same user and could plant a link in the tree; every step is therefore
opened relative to the directory before it and must itself be a directory (`O_NOFOLLOW`), so no check can
be outrun by a rename.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe in the tree must not hang us


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or directory in the tree: its path below the root, as parts joined by `/`."""

    path: str
    status: os.stat_result


@contextmanager
def opened(root: Path, parts: Sequence[str], *, make: bool = False) -> Iterator[int]:
    """A descriptor of the directory below the root, made durably on the way if asked for.

    Raises:
        OSError: a part is missing (FileNotFoundError), or is a file or a link (NotADirectoryError, ELOOP).
    """
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts:
            inner = _step(descriptor, part, make=make)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def open_file(directory: int, name: str) -> int:
    """A descriptor for reading a regular file.

    Raises:
        OSError: there is none (FileNotFoundError for anything but a regular file), or it is a link (ELOOP).
    """
    descriptor = os.open(name, _FILE, dir_fd=directory)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise FileNotFoundError(name)


def walk(root: Path, parts: Sequence[str], beginning: str = "") -> Iterator[Entry]:
    """The regular files below a directory whose first name begins so, ordered by their path's bytes.

    One directory's names are held at a time on each level. What vanishes meanwhile is passed over.
    """
    try:
        with opened(root, parts) as directory:
            for name, is_directory in _children(directory, beginning):
                if is_directory:
                    yield from walk(root, [*parts, name])
                else:
                    with suppress(FileNotFoundError):
                        yield Entry("/".join([*parts, name]), os.stat(name, dir_fd=directory, follow_symlinks=False))
    except (FileNotFoundError, NotADirectoryError):
        return


def prune(root: Path, parts: Sequence[str]) -> None:
    """Remove a directory and those above it, up to the root, as far as they are empty."""
    for depth in range(len(parts), 0, -1):
        try:
            with opened(root, parts[: depth - 1]) as above:
                os.rmdir(parts[depth - 1], dir_fd=above)
        except OSError:  # not empty, gone, or in use again: then so are those above
            return


def _step(directory: int, name: str, *, make: bool) -> int:
    try:
        return os.open(name, _DIRECTORY, dir_fd=directory)
    except FileNotFoundError:
        if not make:
            raise
    with suppress(FileExistsError):
        os.mkdir(name, dir_fd=directory)
        os.fsync(directory)
    return os.open(name, _DIRECTORY, dir_fd=directory)


def _children(directory: int, beginning: str) -> list[tuple[str, bool]]:
    """Names and whether they are directories, ordered as whole paths are: a directory's by its name with a slash."""
    found = []
    with os.scandir(directory) as entries:
        for entry in entries:
            is_directory = entry.is_dir(follow_symlinks=False)
            is_ours = entry.name.startswith(beginning) and _is_text(entry.name)
            if is_ours and (is_directory or entry.is_file(follow_symlinks=False)):
                found.append((entry.name, is_directory))
    return sorted(found, key=lambda child: child[0] + "/" if child[1] else child[0])


def _is_text(name: str) -> bool:
    """Whether a name is UTF-8; others were not put there by us."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
