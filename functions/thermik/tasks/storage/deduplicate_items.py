"""`io.kestra.plugin.core.storage.DeduplicateItems`."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from pydantic import Field

from thermik.tasks.runnable import RunContext, RunnableTask
from thermik.tasks.scratch import scratch
from thermik.tasks.storage.rows import extension_of, read_item, rows


class DeduplicateItems(RunnableTask):
    """Keep the last of the rows that have the same key.

    Rows are JSON or Ion objects; the key is `expr`, which sees a row's properties as variables. The file is read
    twice, so that only the keys are held in memory.
    """

    from_: str = Field(alias="from")
    expr: str

    def run(self, context: RunContext) -> dict[str, Any]:
        """Write the rows that stay; outputs `uri`, `numKeys`, `processedItemsTotal`, `droppedItemsTotal`."""
        uri: str = context.render(self.from_)
        last: dict[bytes, int] = {}
        with context.open_file(uri) as source:
            for number, row in enumerate(rows(context, source)):
                last[self._key(context, row)] = number
        kept, total = set(last.values()), 0
        with scratch() as folder:
            result = folder / f"deduplicated{extension_of(uri, '.ion')}"
            with context.open_file(uri) as source, result.open("wb") as target:
                for number, row in enumerate(rows(context, source)):
                    total += 1
                    if number in kept:
                        target.write(row + b"\n")
            stored = context.put_file(result, result.name)
        return {
            "uri": stored,
            "numKeys": len(last),
            "processedItemsTotal": total,
            "droppedItemsTotal": total - len(kept),
        }

    def _key(self, context: RunContext, row: bytes) -> bytes:
        """A digest of the key: keys of any length take the same memory."""
        return blake2b(context.render(self.expr, read_item(row)).encode(), digest_size=16).digest()
