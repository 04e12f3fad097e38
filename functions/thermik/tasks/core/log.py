"""`io.kestra.plugin.core.log.Log`: messages to the task run's log."""

from __future__ import annotations

from typing import ClassVar

from thermik.flows.dynamic import Dynamic
from thermik.tasks.runnable import Level, RunContext, RunnableTask


class Log(RunnableTask):
    """Log one or more messages.

    Each message is rendered and becomes one entry of the execution's log.
    """

    waits: ClassVar[bool] = False
    message: str | list[str]
    level: Dynamic[Level] = Level.INFO

    def run(self, context: RunContext) -> None:
        """Log each message, in order."""
        level: Level = context.render_as(Level, self.level)
        for message in self.message if isinstance(self.message, list) else [self.message]:
            context.log.log(level, context.render(message))
