"""`io.kestra.plugin.core.debug.Return`: a rendered text as an output."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any, ClassVar

from thermik.tasks.runnable import RunContext, RunnableTask


class Return(RunnableTask):
    """Return a rendered text as the output `value`.

    Metrics: `length` (characters) and `duration` (of the rendering), both tagged with the unrendered format.
    """

    waits: ClassVar[bool] = False
    format: str | None = None

    def run(self, context: RunContext) -> dict[str, Any]:
        """Render the format; outputs `value`, which is absent where there is no format."""
        started = time.perf_counter()
        value: str | None = None if self.format is None else context.render(self.format)
        context.log.debug(value or "")
        tags = {} if self.format is None else {"format": self.format}
        context.counter("length", len(value or ""), tags)
        context.timer("duration", timedelta(seconds=time.perf_counter() - started), tags)
        return {} if value is None else {"value": value}
