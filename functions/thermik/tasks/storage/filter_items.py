"""`io.kestra.plugin.core.storage.FilterItems`."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field

from thermik.expressions import ExpressionError
from thermik.flows.dynamic import Dynamic
from thermik.tasks.runnable import RunContext, RunnableTask
from thermik.tasks.scratch import scratch
from thermik.tasks.storage.rows import extension_of, read_item, rows
from thermik.tasks.truth import is_true


class FilterType(StrEnum):
    """What happens to the rows that match."""

    INCLUDE = "INCLUDE"
    EXCLUDE = "EXCLUDE"


class OnError(StrEnum):
    """What happens to a row whose condition cannot be rendered."""

    FAIL = "FAIL"
    INCLUDE = "INCLUDE"
    EXCLUDE = "EXCLUDE"


class FilterItems(RunnableTask):
    """Keep the rows for which a condition holds, or the others.

    Rows are JSON or Ion objects; `filterCondition` sees a row's properties as variables.
    """

    from_: str = Field(alias="from")
    filter_condition: str
    filter_type: Dynamic[FilterType] = FilterType.INCLUDE
    error_or_null_behavior: Dynamic[OnError] = OnError.FAIL

    def run(self, context: RunContext) -> dict[str, Any]:
        """Write the rows that stay; outputs `uri`, `processedItemsTotal`, `droppedItemsTotal`."""
        uri: str = context.render(self.from_)
        include = context.render_as(FilterType, self.filter_type) is FilterType.INCLUDE
        on_error: OnError = context.render_as(OnError, self.error_or_null_behavior)
        total = dropped = 0
        with scratch() as folder:
            result = folder / f"filtered{extension_of(uri, '.ion')}"
            with context.open_file(uri) as source, result.open("wb") as target:
                for row in rows(context, source):
                    total += 1
                    if self._stays(context, row, include=include, on_error=on_error):
                        target.write(row + b"\n")
                    else:
                        dropped += 1
            stored = context.put_file(result, result.name)
        return {"uri": stored, "processedItemsTotal": total, "droppedItemsTotal": dropped}

    def _stays(self, context: RunContext, row: bytes, *, include: bool, on_error: OnError) -> bool:
        item = read_item(row)
        try:
            matches = is_true(context.render(self.filter_condition, item).strip())
        except ExpressionError:
            if on_error is OnError.FAIL:
                raise
            return on_error is OnError.INCLUDE
        return matches is include
