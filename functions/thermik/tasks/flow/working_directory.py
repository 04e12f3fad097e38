"""`io.kestra.plugin.core.flow.WorkingDirectory`: tasks that share a directory."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from thermik.flows.dynamic import Duration, Dynamic
from thermik.flows.model import FlowModel
from thermik.flows.problems import Place
from thermik.flows.shapes import InOneInvocation
from thermik.flows.task import AnyTask, Branch, FlowableTask, Task
from thermik.tasks.archives import MAX_FILES, NoArchive, digests_of, pack, unpack
from thermik.tasks.directory_files import matching_files, store_output_files, write_input_files
from thermik.tasks.namespace_files import NamespaceFiles, fetch_namespace_files
from thermik.tasks.runnable import RunContext, RunnableTask
from thermik.tasks.scratch import scratch
from thermik.tasks.structured import rendered_list, rendered_map

if TYPE_CHECKING:
    from thermik.flows.flow import Flow


class Cache(FlowModel):
    """Files that are kept from one execution to the next, such as `node_modules/**`."""

    patterns: Annotated[list[str], Field(min_length=1)]
    ttl: Dynamic[Duration] | None = Field(default=None, description="After this time it begins anew.")


class WorkingDirectory(FlowableTask):
    """Run tasks one after the other in one directory.

    Files that one of them writes are there for the next. If one fails, the rest does not run. All of them run in one
    invocation of a worker; should that be lost, they begin again in a new directory.
    """

    tasks: list[AnyTask] = Field(default_factory=list, description="Tasks that do work; no flowables.")
    cache: Cache | None = None
    input_files: dict[str, str | None] | str | None = Field(default=None, description="Relative path to text or URI.")
    output_files: Dynamic[list[str]] | None = Field(default=None, description="Globs of files that are kept.")
    namespace_files: NamespaceFiles | None = None

    @property
    def shape(self) -> InOneInvocation:
        """One list, in one invocation."""
        return InOneInvocation()

    def branches(self) -> tuple[Branch, ...]:
        """The tasks."""
        return (Branch("tasks", tuple(self.tasks)),)

    def problems(self, flow: Flow) -> Iterator[tuple[Place, str]]:
        """It needs tasks, and none of them may be a flowable or an execution of another flow."""
        yield from super().problems(flow)
        if not self.tasks:
            yield (), "The 'tasks' property cannot be empty"
        # a bare Task stands for one that could not be read (`flows/salvage.py`)
        if not all(isinstance(task, RunnableTask) or type(task) is Task for task in self.tasks):
            yield (), "Only runnable tasks are allowed as children of a WorkingDirectory task"
        if any(task.worker_group for task in self.tasks):
            yield (), "Cannot set a Worker Group in any WorkingDirectory sub-tasks"

    def prepare(self, context: RunContext) -> Mapping[str, str]:
        """Fill the directory: the cache, then namespace files, then `inputFiles`.

        Returns:
            The digests of the cached files, by relative path.

        Raises:
            TaskFailure, ExpressionError: a property that cannot be used, a file that is not there.
        """
        root = context.working_directory()
        cached = self._restore(context, root)
        fetch_namespace_files(context, root, self.namespace_files)
        write_input_files(context, root, rendered_map(context, "inputFiles", self.input_files))
        return cached

    def capture(self, context: RunContext, cached: Mapping[str, str]) -> dict[str, Any]:
        """Keep what the tasks left: the cache, if it changed, and the outputs `outputFiles`, if there are any."""
        root = context.working_directory()
        if self.cache is not None:
            self._keep(context, root, self.cache, cached)
        files = store_output_files(context, root, rendered_list(context, "outputFiles", self.output_files))
        return {"outputFiles": files} if files else {}

    def _restore(self, context: RunContext, root: Path) -> dict[str, str]:
        kept = context.cache.load() if self.cache is not None else None
        if self.cache is None or kept is None:
            return {}
        archive, age = kept
        with archive, tempfile.TemporaryFile() as copy:
            if self._is_over(context, self.cache, age):
                context.log.debug("The cache is older than its `ttl`; it begins anew")
                return {}
            shutil.copyfileobj(archive, copy)
            try:
                return unpack(context, copy, root)
            except NoArchive as error:
                context.log.warn(f"The cache cannot be read and begins anew: {error}")
                return {}

    def _is_over(self, context: RunContext, cache: Cache, age: timedelta) -> bool:
        if cache.ttl is None:
            return False
        ttl: timedelta = context.render_as(Duration, cache.ttl)
        return age > ttl

    def _keep(self, context: RunContext, root: Path, cache: Cache, cached: Mapping[str, str]) -> None:
        files = matching_files(context, root, [context.render(pattern) for pattern in cache.patterns], MAX_FILES)
        if files and digests_of(files) != cached:
            with scratch() as folder:
                pack(files, folder / "cache.zip")
                context.cache.save(folder / "cache.zip")
