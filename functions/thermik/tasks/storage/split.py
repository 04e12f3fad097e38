"""`io.kestra.plugin.core.storage.Split`."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from thermik.flows.dynamic import Dynamic
from thermik.tasks.runnable import RunContext, RunnableTask
from thermik.tasks.storage.splitting import Cut, by_bytes, by_partitions, by_pattern, by_rows, parse_size, split_file

Count = Annotated[int, Field(ge=1)]


class Split(RunnableTask):
    """Split a file of rows into several.

    By `regexPattern`, `bytes`, `partitions` or `rows`; the first of these that is given counts.
    """

    from_: str = Field(alias="from")
    bytes: str | None = None
    partitions: Dynamic[Count] | None = None
    rows: Dynamic[Count] | None = None
    regex_pattern: str | None = None
    separator: str = "\n"

    @model_validator(mode="after")
    def _says_how(self) -> Self:
        if not any((self.bytes, self.partitions, self.rows, self.regex_pattern)):
            raise ValueError("one of bytes, partitions, rows and regexPattern is needed")
        return self

    def run(self, context: RunContext) -> dict[str, Any]:
        """Split; outputs `uris`."""
        return {"uris": split_file(context, context.render(self.from_), self._cut(context))}

    def _cut(self, context: RunContext) -> Cut:
        separator: bytes = context.render(self.separator).encode()
        if self.regex_pattern is not None:
            return by_pattern(context.render(self.regex_pattern), separator)
        if self.bytes is not None:
            return by_bytes(parse_size(context.render(self.bytes)), separator)
        if self.partitions is not None:
            return by_partitions(context.render_as(Count, self.partitions), separator)
        return by_rows(context.render_as(Count, self.rows), separator)
