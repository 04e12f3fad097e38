"""`namespaceFiles`: files of namespaces, copied into a task's working directory before it begins.

Kestra's property of scripts and of WorkingDirectory: https://kestra.io/docs/concepts/namespace-files
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path

from pydantic import Field

from thermik.flows.dynamic import Dynamic
from thermik.flows.model import FlowModel
from thermik.tasks.directory_files import created_file
from thermik.tasks.globs import anchored_patterns
from thermik.tasks.runnable import RunContext, TaskFailure
from thermik.tasks.structured import rendered_list

MAX_FILES = 10_000
"""Files of namespaces that one task copies; more are an accident."""


class IfExists(StrEnum):
    """What happens where the directory has a file of that path already."""

    OVERWRITE = "OVERWRITE"
    FAIL = "FAIL"
    WARN = "WARN"
    IGNORE = "IGNORE"


class NamespaceFiles(FlowModel):
    """Which files of which namespaces a task wants in its directory; all of its own namespace if left out."""

    enabled: Dynamic[bool] = True
    include: Dynamic[list[str]] | None = Field(default=None, description="Globs; all files if left out.")
    exclude: Dynamic[list[str]] | None = Field(default=None, description="Globs of files that are left out.")
    namespaces: Dynamic[list[str]] = Field(
        default=["{{ flow.namespace }}"], description="Of files with the same path, that of the last one counts."
    )
    if_exists: Dynamic[IfExists] = IfExists.OVERWRITE
    folder_per_namespace: Dynamic[bool] = Field(default=False, description="Each namespace in a folder of its name.")


def fetch_namespace_files(context: RunContext, root: Path, wanted: NamespaceFiles | None) -> None:
    """Copy the files into the directory.

    Raises:
        TaskFailure: a property that cannot be used, a path that runs into a link, a file that exists and must not.
    """
    if wanted is None or not context.render_as(bool, wanted.enabled):
        return
    include = anchored_patterns(rendered_list(context, "include", wanted.include) or ["**"])
    exclude = anchored_patterns(rendered_list(context, "exclude", wanted.exclude))
    if_exists: IfExists = context.render_as(IfExists, wanted.if_exists)
    folders: bool = context.render_as(bool, wanted.folder_per_namespace)
    copied = 0
    for namespace, path in _paths(context, rendered_list(context, "namespaces", wanted.namespaces)):
        if not include.fullmatch(f"/{path}") or exclude.fullmatch(f"/{path}"):
            continue
        copied += 1
        if copied > MAX_FILES:
            raise TaskFailure(f"namespaceFiles takes more than {MAX_FILES} files: narrow `include`")
        context.check()
        name = f"{namespace}/{path}" if folders else path
        if _is_wanted(context, root / name, name, if_exists):
            _copy(context, namespace, path, root, name)


def _paths(context: RunContext, namespaces: Sequence[str]) -> Iterator[tuple[str, str]]:
    for namespace in namespaces:
        for path in context.namespace_files.paths(namespace):
            yield namespace, path


def _is_wanted(context: RunContext, target: Path, name: str, if_exists: IfExists) -> bool:
    if if_exists is IfExists.OVERWRITE or not target.exists():
        return True
    if if_exists is IfExists.FAIL:
        raise TaskFailure(f"The file '{name}' exists in the working directory, and `ifExists` is FAIL")
    if if_exists is IfExists.WARN:
        context.log.warn(f"The file '{name}' exists in the working directory and is kept")
    return False


def _copy(context: RunContext, namespace: str, path: str, root: Path, name: str) -> None:
    with context.namespace_files.open(namespace, path) as source, created_file(root, name) as target:
        shutil.copyfileobj(source, target)
