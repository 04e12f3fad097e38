"""`io.kestra.plugin.core.storage.Size`."""

from __future__ import annotations

from typing import Any

from thermik.tasks.runnable import RunContext, RunnableTask


class Size(RunnableTask):
    """The size of a file in bytes."""

    uri: str

    def run(self, context: RunContext) -> dict[str, Any]:
        """Look; outputs `size`."""
        return {"size": context.file_size(context.render(self.uri))}
