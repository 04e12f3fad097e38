"""`io.kestra.plugin.core.log.Fetch`."""

from __future__ import annotations

from typing import Any

from thermik.expressions.formats.ion import to_ion
from thermik.flows.dynamic import Dynamic
from thermik.tasks.execution.place import NamesExecution
from thermik.tasks.runnable import Level, RunContext, RunnableTask
from thermik.tasks.scratch import scratch
from thermik.tasks.structured import rendered_list


class Fetch(RunnableTask, NamesExecution):
    """Write an execution's log to a file, an Ion struct a line.

    The task's own execution by default; entries of at least `level`, of the tasks named or of all.
    """

    tasks_id: Dynamic[list[str]] | None = None
    level: Dynamic[Level] = Level.INFO

    def run(self, context: RunContext) -> dict[str, Any]:
        """Write the file; outputs `size` (entries) and `uri`."""
        level: Level = context.render_as(Level, self.level)
        tasks = rendered_list(context, "tasksId", self.tasks_id)
        size = 0
        with scratch() as folder:
            file = folder / "logs.ion"
            with file.open("w", encoding="utf-8") as target:
                for entry in context.executions.log_entries(self.place(context), level.value, tasks):
                    target.write(to_ion(entry) + "\n")
                    size += 1
            return {"size": size, "uri": context.put_file(file, file.name)}
