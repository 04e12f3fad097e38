"""The archive that a task keeps from one execution to the next (`tasks/ports.py`), in the blob store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from thermik.executions.model import TaskRun
from thermik.storage import internal
from thermik.storage.errors import BlobNotFound
from thermik.worker.scene import Scene


@dataclass(frozen=True, slots=True)
class TaskCache:
    """`Cache` of one task run; `value` is the loop value that it is kept under."""

    scene: Scene
    run: TaskRun
    value: str | None

    def load(self) -> tuple[BinaryIO, timedelta] | None:
        """A stream of the archive, and its age."""
        blobs = self.scene.ports.blobs
        try:
            written = blobs.info(self._key).modified
            return blobs.open(self._key), self.scene.now() - written
        except BlobNotFound:
            return None

    def save(self, archive: Path) -> None:
        """Write the archive."""
        with archive.open("rb") as stream:
            self.scene.ports.blobs.put(self._key, stream)

    @property
    def _key(self) -> str:
        run = self.run
        return internal.cache_key(run.namespace, run.flow_id, run.task_id, self.value)
