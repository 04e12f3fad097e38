"""`taskCache`: outputs of a task that stand for those of a later run with the same properties.

Kept in the internal storage by namespace, flow, task and loop value, and by a digest of all that the task's properties
render to. What goes wrong with it is logged, and the task runs as if it had none.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from thermik.clock import instant_text, parse_instant
from thermik.executions.model import Execution, TaskRun
from thermik.expressions import ExpressionError
from thermik.flows.task import TaskCache
from thermik.storage import internal
from thermik.storage.errors import BlobNotFound, BlobsUnavailable, InvalidKey
from thermik.tasks.runnable import Level, RunContext, TaskLog
from thermik.worker.files import readable_owners
from thermik.worker.scene import TaskScene

MAX_BORROWED = 100
"""Executions whose files one execution may read because of its caches; the latest count."""

_LOOKED_OVER = 1000
"""Kept outputs of a task that are looked over for old ones when others are written."""

_BY_THE_RUN = {"workingDir": "workingDir", "outputDir": "outputDir"}
"""What differs from run to run and means the same: a stand-in, so that properties with it can be compared."""

_URI = re.compile(rf"{re.escape(internal.SCHEME)}/[^\s\"\\<>]+")


@dataclass(frozen=True, slots=True)
class CachedOutputs:
    """The kept outputs that are meant by one run of a task.

    Attributes:
        key: of their blob. prefix: of all that the task keeps. ttl: how long they count; None for ever.
    """

    scene: TaskScene
    task_id: str
    key: str
    prefix: str
    ttl: timedelta | None
    log: TaskLog

    def load(self) -> dict[str, Any] | None:
        """The outputs, if there are any that still count; the execution may read the files that they name."""
        try:
            kept = self._kept()
            if kept is None:
                return None
            self.log.info(
                f"Skipping task execution for task '{self.task_id}' as there is an existing cache entry for it"
            )
            self._borrow(kept["executions"])
            outputs: dict[str, Any] = kept["outputs"]
        except (BlobsUnavailable, ValueError, KeyError, TypeError) as error:
            self.log.log(
                Level.ERROR,
                f"Unexpected exception while loading the cache for task '{self.task_id}', the task will be executed "
                f"instead. {error}",
            )
            return None
        return outputs

    def keep(self, outputs: Mapping[str, Any]) -> None:
        """Keep the outputs of a run, and forget those that count no more."""
        self.log.info(f"Uploading a cache entry for task '{self.task_id}'")
        text = json.dumps(outputs, separators=(",", ":"), ensure_ascii=False)
        execution = self.scene.execution.value
        owners = sorted({owner for owner in _owners(text) if owner in readable_owners(execution)})
        kept = {"written": instant_text(self.scene.now()), "executions": owners, "outputs": outputs}
        try:
            self.scene.ports.blobs.put(self.key, json.dumps(kept, separators=(",", ":"), ensure_ascii=False).encode())
            self._forget_old()
        except BlobsUnavailable as error:
            self.log.log(
                Level.ERROR,
                f"Unexpected exception while uploading the cache entry for task '{self.task_id}', the task not be "
                f"cached. {error}",
            )

    def _kept(self) -> dict[str, Any] | None:
        try:
            with self.scene.ports.blobs.open(self.key) as stream:
                kept: dict[str, Any] = json.loads(stream.read())
        except BlobNotFound:
            return None
        written = parse_instant(kept["written"])
        return None if self.ttl is not None and self.scene.now() - written > self.ttl else kept

    def _borrow(self, owners: list[str]) -> None:
        """Let the execution read the files of those that the outputs came from."""
        wanted = [owner for owner in owners if owner not in readable_owners(self.scene.execution.value)]
        if not wanted:
            return

        def borrowing(execution: Execution) -> Execution:
            new = [owner for owner in wanted if owner not in execution.progress.borrowed]
            if not new:
                return execution
            borrowed = (*execution.progress.borrowed, *new)[-MAX_BORROWED:]
            return execution.model_copy(
                update={"progress": execution.progress.model_copy(update={"borrowed": borrowed})}
            )

        self.scene.ports.executions.change_execution(self.scene.execution.value.id, borrowing)

    def _forget_old(self) -> None:
        if self.ttl is None:
            return
        blobs, kept_from = self.scene.ports.blobs, self.scene.now() - self.ttl
        blobs.delete([key for key, written in self._written() if written < kept_from and key != self.key])

    def _written(self) -> Iterator[tuple[str, datetime]]:
        for info in islice(self.scene.ports.blobs.list(self.prefix), _LOOKED_OVER):
            yield info.key, info.modified


def cached_outputs(scene: TaskScene, run: TaskRun, context: RunContext) -> CachedOutputs | None:
    """The kept outputs of a task that asks for that; None where it does not, or cannot be told what it will do."""
    task = scene.place.node.task
    cache: TaskCache | None = task.task_cache
    if cache is None or not cache.enabled:
        return None
    context.log.debug(f"Task output caching is enabled for task '{task.id}'")
    try:
        rendered = context.render(task.model_dump(mode="json", by_alias=True, exclude_none=True), _BY_THE_RUN)
        prefix = internal.outputs_cache_prefix(run.namespace, run.flow_id, run.task_id)
    except (ExpressionError, InvalidKey) as error:
        context.log.log(Level.ERROR, f"Unable to create the cache key for the task '{task.id}': {error}")
        return None
    text = json.dumps([rendered, context.value], sort_keys=True, ensure_ascii=False)
    key = f"{prefix}{hashlib.sha256(text.encode()).hexdigest()}.json"
    return CachedOutputs(scene, task.id, key, prefix, cache.ttl, context.log)


def _owners(text: str) -> Iterator[str]:
    """The executions whose files are named in a text."""
    for uri in _URI.findall(text):
        try:
            owner = internal.execution_of(uri)
        except InvalidKey:  # looks like a URI, and is none
            continue
        if owner is not None:
            yield owner
