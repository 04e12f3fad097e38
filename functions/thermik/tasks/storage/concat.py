"""`io.kestra.plugin.core.storage.Concat`."""

from __future__ import annotations

import shutil
from typing import Any

from thermik.tasks.runnable import RunContext, RunnableTask
from thermik.tasks.scratch import scratch
from thermik.tasks.structured import rendered_list


class Concat(RunnableTask):
    """Join files into one.

    `files` is a list of URIs, or a text that is one in JSON; the separator follows each of them.
    """

    files: list[str] | str
    separator: str | None = None
    extension: str = ".tmp"

    def run(self, context: RunContext) -> dict[str, Any]:
        """Join the files; outputs `uri`."""
        separator = b"" if self.separator is None else context.render(self.separator).encode()
        with scratch() as folder:
            joined = folder / f"concat{context.render(self.extension)}"
            with joined.open("wb") as target:
                for uri in rendered_list(context, "files", self.files):
                    context.check()
                    with context.open_file(uri) as source:
                        shutil.copyfileobj(source, target)
                    target.write(separator)
            return {"uri": context.put_file(joined, joined.name)}
