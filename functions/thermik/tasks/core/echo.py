"""`io.kestra.plugin.core.debug.Echo`: the old name of logging one message, kept since old flows use it."""

from __future__ import annotations

from thermik.flows.dynamic import Dynamic
from thermik.tasks.runnable import Level, RunContext, RunnableTask


class Echo(RunnableTask):
    """Log one message (deprecated: use `io.kestra.plugin.core.log.Log`)."""

    format: str | None = None
    level: Dynamic[Level] = Level.INFO

    def run(self, context: RunContext) -> None:
        """Log the rendered format."""
        level: Level = context.render_as(Level, self.level)
        context.log.log(level, "" if self.format is None else context.render(self.format))
