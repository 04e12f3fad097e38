"""`io.kestra.plugin.core.namespace.UploadFiles`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any, BinaryIO
from urllib.parse import unquote

from pydantic import Field

from thermik.flows.dynamic import Dynamic
from thermik.storage.internal import namespace_file_uri
from thermik.tasks.directory_files import STORED, matching_files
from thermik.tasks.runnable import RunContext, RunnableTask, TaskFailure
from thermik.tasks.structured import rendered_map, rendered_structure

MAX_FILES = 10_000
"""Files that one task uploads; more are an accident."""


class Conflict(StrEnum):
    """What happens where the namespace has a file of that path."""

    OVERWRITE = "OVERWRITE"
    ERROR = "ERROR"
    SKIP = "SKIP"


class UploadFiles(RunnableTask):
    """Write files into a namespace.

    They come from the internal storage (`filesMap`, or URIs in `files`), or from the working directory (globs in
    `files`).
    """

    namespace: str
    files: list[str] | dict[str, str] | str | None = Field(
        default=None, description="URIs of stored files, and globs of files in the working directory."
    )
    files_map: dict[str, str] | str | None = Field(
        default=None, description="The path of each file in the namespace, and the URI of its content."
    )
    destination: str = Field(default="/", description="The folder that the paths are in.")
    conflict: Dynamic[Conflict] = Conflict.OVERWRITE

    def run(self, context: RunContext) -> dict[str, Any]:
        """Write the files; outputs `files`: the path of each that was written, with its URI."""
        namespace: str = context.render(self.namespace)
        folder: str = context.render(self.destination).strip("/")
        conflict: Conflict = context.render_as(Conflict, self.conflict)
        written: list[str] = []
        for name, content in self._contents(context):
            path = f"{folder}/{name.lstrip('/')}" if folder else name.lstrip("/")
            context.check()
            with closing(content):
                wrote = context.namespace_files.put(namespace, path, content, overwrite=conflict is Conflict.OVERWRITE)
            if wrote:
                written.append(path)
            elif conflict is Conflict.ERROR:
                raise TaskFailure(f"File '/{path}' already exists in the namespace '{namespace}'")
        context.counter("uploaded", len(written))
        return {"files": {f"/{path}": namespace_file_uri(namespace, path) for path in written}}

    def _contents(self, context: RunContext) -> Iterator[tuple[str, BinaryIO]]:
        """The name of each file below the destination, and a stream of it."""
        listed = rendered_structure(context, "files", self.files)
        mapped = {**(listed if isinstance(listed, dict) else {}), **rendered_map(context, "filesMap", self.files_map)}
        if not mapped and not listed:
            raise TaskFailure("There is nothing to upload: `files` and `filesMap` are empty")
        for name, uri in mapped.items():
            if not (isinstance(uri, str) and uri.startswith(STORED)):
                raise TaskFailure(f"'{name}' must have the URI of a stored file, not '{str(uri)[:100]}'")
            yield name, context.open_file(uri)
        if isinstance(listed, list):
            yield from _listed(context, [str(each) for each in listed])


def _listed(context: RunContext, wanted: list[str]) -> Iterator[tuple[str, BinaryIO]]:
    for uri in wanted:
        if uri.startswith(STORED):
            yield unquote(PurePosixPath(uri).name), context.open_file(uri)
    globs = [each for each in wanted if not each.startswith(STORED)]
    if not globs:
        return
    for name, path in matching_files(context, context.working_directory(), globs, MAX_FILES):
        yield name, path.open("rb")
