"""`io.kestra.plugin.core.namespace.DeleteFiles`."""

from __future__ import annotations

from pydantic import Field

from thermik.flows.dynamic import Dynamic
from thermik.tasks.namespace.matching import matching_paths
from thermik.tasks.runnable import RunContext, RunnableTask


class DeleteFiles(RunnableTask):
    """Delete files of a namespace."""

    namespace: str
    files: list[str] | str = Field(description="A path or a glob, or a list of them; `**` takes all.")
    delete_parent_folder: Dynamic[bool] = Field(
        default=False, description="Delete the folders, too, that are empty then."
    )

    def run(self, context: RunContext) -> None:
        """Delete the files; a metric tells how many."""
        namespace: str = context.render(self.namespace)
        parents: bool = context.render_as(bool, self.delete_parent_folder)
        found = matching_paths(context, namespace, self.files)
        for path in found:
            context.check()
            context.namespace_files.delete(namespace, path, parents=parents)
        context.counter("deleted", len(found))
