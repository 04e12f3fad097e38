"""`io.kestra.plugin.core.storage.Write`."""

from __future__ import annotations

from typing import Any

from thermik.tasks.runnable import RunContext, RunnableTask


class Write(RunnableTask):
    """Write a text to a file of the internal storage."""

    content: str
    extension: str = ""

    def run(self, context: RunContext) -> dict[str, Any]:
        """Write the file; outputs `uri`."""
        name = f"{context.task_run_id}{context.render(self.extension)}"
        return {"uri": context.put_file(context.render(self.content).encode(), name)}
