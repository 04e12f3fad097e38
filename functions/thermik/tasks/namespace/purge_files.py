"""`io.kestra.plugin.core.namespace.PurgeFiles`."""

from __future__ import annotations

from itertools import islice
from typing import Any

from pydantic import Field

from thermik.flows.dynamic import Dynamic
from thermik.tasks.namespace.matching import MAX_FILES
from thermik.tasks.purging import ChoosesNamespaces, VersionPurge, matching, read_behavior
from thermik.tasks.runnable import RunContext, RunnableTask, TaskFailure


class PurgeFiles(RunnableTask, ChoosesNamespaces):
    """Delete files of many namespaces.

    Only the newest content of a file is kept here: only a behavior that keeps no version deletes anything.
    """

    file_pattern: str | None = Field(default=None, description="Only files whose path is like this (`*`, `?`).")
    behavior: Dynamic[VersionPurge] = Field(
        default=VersionPurge(type="version", keep_amount=1),
        description="Which versions: all but the newest if not given.",
    )

    def run(self, context: RunContext) -> dict[str, Any]:
        """Delete them; outputs `size`, how many there were.

        Raises:
            TaskFailure: more than `MAX_FILES` of a namespace are meant.
        """
        namespaces = self.chosen_namespaces(context)
        context.log.info(f"purging {len(namespaces)} namespaces: [{', '.join(namespaces)}]")
        behavior: VersionPurge = read_behavior(context, VersionPurge, self.behavior)
        size = 0 if behavior.spares_newest(context) else sum(self._purge(context, each) for each in namespaces)
        context.log.info(f"purged {size} files")
        return {"size": size}

    def _purge(self, context: RunContext, namespace: str) -> int:
        meant = matching(context, self.file_pattern, context.namespace_files.paths(namespace))
        paths = [*islice(meant, MAX_FILES + 1)]
        if len(paths) > MAX_FILES:
            raise TaskFailure(f"More than {MAX_FILES} files of {namespace} match; narrow `filePattern`")
        for path in paths:
            context.check()
            context.namespace_files.delete(namespace, path, parents=True)
        return len(paths)
