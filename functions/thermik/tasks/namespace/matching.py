"""Which files of a namespace a task means."""

from __future__ import annotations

import json

from thermik.tasks.globs import anchored_patterns
from thermik.tasks.runnable import RunContext, TaskFailure

MAX_FILES = 10_000
"""Files that one task touches; more are an accident."""


def matching_paths(context: RunContext, namespace: str, files: list[str] | str) -> list[str]:
    """The paths of a namespace's files that match any of the globs, sorted.

    Args:
        files: globs, or a text that renders to one or to a JSON list of them.

    Raises:
        TaskFailure: a glob that is none, or more than `MAX_FILES` files.
    """
    pattern = anchored_patterns(_globs(context.render(files)))
    found: list[str] = []
    for path in context.namespace_files.paths(namespace):
        if pattern.fullmatch(f"/{path}"):
            found.append(path)
            if len(found) > MAX_FILES:
                raise TaskFailure(f"More than {MAX_FILES} files match; narrow `files`")
    return found


def _globs(rendered: list[str] | str) -> list[str]:
    if isinstance(rendered, list):
        return [str(each) for each in rendered]
    try:
        listed = json.loads(rendered)
    except ValueError:
        return [rendered]
    return [str(each) for each in listed] if isinstance(listed, list) else [rendered]
