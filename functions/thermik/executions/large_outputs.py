"""Outputs that are too large for a task run's item live in the internal storage; readers do not notice.

Up to `INLINE_BYTES` outputs travel with the item, which a later task reads anyway; above, the item keeps where
they are. The blob is written before the item that names it, under a key that the same attempt would use again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from thermik.executions.model import TaskRun
from thermik.storage.blobs import Blobs
from thermik.storage.internal import ExecutionFiles, key_of

INLINE_BYTES = 8 * 1024
"""Largest outputs, as JSON, that are kept in the item: two units of a DynamoDB read, which are 4 KB each."""


@dataclass(frozen=True, slots=True)
class LargeOutputs:
    """Puts outputs where they belong, and finds them there."""

    blobs: Blobs

    def keep(self, run: TaskRun, outputs: dict[str, Any]) -> TaskRun:
        """The task run with these outputs, in the item or beside it.

        Raises:
            BlobsUnavailable: they belong beside it, and cannot be written.
        """
        text = json.dumps(outputs, separators=(",", ":"), ensure_ascii=False).encode()
        if len(text) <= INLINE_BYTES:
            return run.with_progress(outputs_uri=None).model_copy(update={"outputs": outputs})
        files = ExecutionFiles(run.namespace, run.flow_id, run.execution_id)
        uri = files.value_uri(run.id, f"{len(run.attempts or ())}.json")
        self.blobs.put(key_of(uri), text)
        return run.with_progress(outputs_uri=uri).model_copy(update={"outputs": None})

    def read(self, run: TaskRun) -> dict[str, Any]:
        """A task run's outputs, `{}` for none.

        Raises:
            BlobNotFound, BlobsUnavailable: they lie beside it, and cannot be read.
        """
        uri = run.progress.outputs_uri
        if uri is None:
            return run.outputs or {}
        with self.blobs.open(key_of(uri)) as stream:
            outputs: dict[str, Any] = json.loads(stream.read())
        return outputs

    def joined(self, run: TaskRun) -> TaskRun:
        """The task run with its outputs in place, for those who read the whole."""
        if run.progress.outputs_uri is None:
            return run
        return run.model_copy(update={"outputs": self.read(run)})
