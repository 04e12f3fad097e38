"""`io.kestra.plugin.core.namespace.DownloadFiles`."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from thermik.tasks.namespace.matching import matching_paths
from thermik.tasks.runnable import RunContext, RunnableTask


class DownloadFiles(RunnableTask):
    """Copy files of a namespace into the internal storage, as outputs of the task run."""

    namespace: str
    files: list[str] | str = Field(description="A path or a glob, or a list of them; `**` takes all.")
    destination: str = Field(default="", description="A folder that the copies are put in.")

    def run(self, context: RunContext) -> dict[str, Any]:
        """Copy the files; outputs `files`: the path of each, with the URI of its copy."""
        namespace: str = context.render(self.namespace)
        folder: str = context.render(self.destination).strip("/")
        copies: dict[str, str] = {}
        for path in matching_paths(context, namespace, self.files):
            context.check()
            with context.namespace_files.open(namespace, path) as content:
                copies[f"/{path}"] = context.put_file(content, f"{folder}/{path}" if folder else path)
        context.counter("downloaded", len(copies))
        return {"files": copies}
