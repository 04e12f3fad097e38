"""`io.kestra.plugin.core.storage.LocalFiles`."""

from __future__ import annotations

from typing import Any

from thermik.flows.dynamic import Dynamic
from thermik.tasks.directory_files import store_output_files, write_input_files
from thermik.tasks.runnable import RunContext, RunnableTask
from thermik.tasks.structured import rendered_list, rendered_map


class LocalFiles(RunnableTask):
    """Write files into the working directory, and keep files of it.

    Deprecated in Kestra: script tasks and WorkingDirectory have `inputFiles` and `outputFiles`.
    """

    inputs: dict[str, str | None] | str | None = None
    outputs: Dynamic[list[str]] | None = None

    def run(self, context: RunContext) -> dict[str, Any]:
        """Write `inputs`, then keep what matches `outputs`; outputs `uris`, relative path to URI."""
        directory = context.working_directory()
        write_input_files(context, directory, rendered_map(context, "inputs", self.inputs))
        return {"uris": store_output_files(context, directory, rendered_list(context, "outputs", self.outputs))}
