"""Globs of files, as Java reads them: `*` and `?` within a folder, `**` across, `{a,b}`, `[a-z]`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from thermik.tasks.runnable import TaskFailure


def glob_pattern(glob: str) -> re.Pattern[str]:
    """The regular expression that fully matches the relative paths that the glob means.

    Raises:
        TaskFailure: an absolute pattern, one with `..`, or one that is not well-formed.
    """
    text = glob.removeprefix("glob:").removeprefix("./")
    if not text or text.startswith(("/", "regex:")) or ".." in PurePosixPath(text).parts:
        raise TaskFailure(f"'{glob}' is no glob relative to the working directory")
    try:
        return re.compile(_translate(text), re.DOTALL)
    except (re.error, ValueError) as error:
        raise TaskFailure(f"'{glob}' is no well-formed glob: {error}") from error


def anchored_patterns(globs: Sequence[str]) -> re.Pattern[str]:
    """Fully matches `/path` where any glob does, as for namespace files; nothing where there is none.

    One that begins with a slash begins at the root, any other in every folder.

    Raises:
        TaskFailure: as `glob_pattern`.
    """
    if not globs:
        return re.compile(r"(?!)")
    return re.compile("|".join(f"(?:{_anchored(glob)})" for glob in globs), re.DOTALL)


def _anchored(glob: str) -> str:
    text = glob.removeprefix("glob:")
    if text.startswith("/"):
        return "/" + glob_pattern(text.lstrip("/")).pattern
    return "(?:.*/)" + glob_pattern(text).pattern


_TOKEN = re.compile(r"(?P<across>\*\*)|(?P<class>\[[^\]/]+\])|(?P<escape>\\.)|(?P<one>.)", re.DOTALL)
_SPECIAL = {"*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")"}


def _translate(glob: str) -> str:
    parts: list[str] = []
    braces = 0
    for token in _TOKEN.finditer(glob):
        text = token.group()
        braces += {"{": 1, "}": -1}.get(text, 0)
        if braces not in (0, 1):
            raise ValueError("braces do not match or are nested")
        parts.append(_part(token.lastgroup or "one", text, in_braces=braces == 1))
    if braces:
        raise ValueError("a brace is not closed")
    return "".join(parts)


def _part(kind: str, text: str, *, in_braces: bool) -> str:
    if kind == "across":
        return ".*"
    if kind == "class":
        inner = text[1:-1].replace("\\", "\\\\").replace("^", "\\^").replace("[", "\\[")
        return f"(?!/)[^{inner[1:]}]" if inner.startswith("!") else f"(?!/)[{inner}]"
    if kind == "escape":
        return re.escape(text[1])
    if text == "," and in_braces:
        return "|"
    return _SPECIAL.get(text) or re.escape(text)
