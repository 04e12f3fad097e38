"""`io.kestra.plugin.core.flow.ForEachItem`: an execution of another flow for each batch of a file's rows.

The flowable has three children that no flow spells out, as in Kestra: `ID_split` cuts the file, `ID_items` executes the
other flow for each batch (`worker/batches.py`), `ID_merge` joins what these executions gave as outputs.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

from pydantic import Field

from thermik.flows.dynamic import Dynamic
from thermik.flows.model import FlowModel
from thermik.flows.problems import Place
from thermik.flows.shapes import InSequence
from thermik.flows.task import BatchesTask, Branch, FlowableTask, Task
from thermik.storage.internal import SCHEME
from thermik.tasks.flow.calling import FlowCall
from thermik.tasks.runnable import RunContext, RunnableTask, TaskFailure
from thermik.tasks.scratch import scratch
from thermik.tasks.storage.splitting import Cut, by_bytes, by_partitions, by_rows, parse_size, split_file

if TYPE_CHECKING:
    from thermik.flows.flow import Flow

MAX_BATCHES = 40_000
"""Batches of one ForEachItem: their numbers travel in the machine, which takes 256 KB
(https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""

_TYPE = "io.kestra.plugin.core.flow.ForEachItem"

Count = Annotated[int, Field(ge=1)]


class Batch(FlowModel):
    """How the file is cut: by `bytes`, else into `partitions`, else by `rows`."""

    rows: Dynamic[Count] = 1
    bytes: str | None = Field(default=None, description="A new batch once one has so many: `10MB`.")
    partitions: Dynamic[Count] | None = Field(default=None, description="So many batches, dealt out in turn.")
    separator: str = "\n"


class ForEachItem(FlowableTask, FlowCall):
    """Execute another flow for each batch of the rows of a file.

    `inputs` see `taskrun.items`, the URI of the batch, and `taskrun.iteration`, its number from 0.
    """

    items: str = Field(description="The URI of the file.")
    batch: Batch = Field(default_factory=Batch)

    @property
    def shape(self) -> InSequence:
        """The three parts, one after the other."""
        return InSequence()

    def branches(self) -> tuple[Branch, ...]:
        """The three parts."""
        return (Branch("tasks", self._parts),)

    @cached_property
    def _parts(self) -> tuple[Task, ...]:
        call = {name: getattr(self, name) for name in FlowCall.model_fields}
        split, items, merge = (
            {"id": f"{self.id}_{part}", "type": f"{_TYPE}${kind}"}
            for part, kind in (
                ("split", "ForEachItemSplit"),
                ("items", "ForEachItemExecutable"),
                ("merge", "ForEachItemMergeOutputs"),
            )
        )
        return (
            ForEachItemSplit(**split, items=self.items, batch=self.batch),
            ForEachItemExecutable(**items, **call),
            ForEachItemMergeOutputs(**merge, batches=items["id"]),
        )

    def problems(self, flow: Flow) -> Iterator[tuple[Place, str]]:
        """A flow that executes itself would never end."""
        yield from super().problems(flow)
        yield from self.recursion(flow)


class ForEachItemSplit(RunnableTask):
    """Cut the file into batches."""

    items: str
    batch: Batch

    def run(self, context: RunContext) -> dict[str, Any]:
        """Cut the file; outputs `splits`, the URI of a file with the URI of a batch in each line, all equally long."""
        uri: str = context.render(self.items)
        if not uri.startswith(SCHEME):
            raise TaskFailure(f"`items` must be the URI of a file of the internal storage, not '{uri}'")
        uris = split_file(context, uri, _bounded(self._cut(context)))
        listed = "".join(f"{each}\n" for each in uris).encode()
        return {"splits": context.put_file(listed, "splits.txt")}

    def _cut(self, context: RunContext) -> Cut:
        separator: bytes = context.render(self.batch.separator).encode()
        if self.batch.bytes is not None:
            return by_bytes(parse_size(context.render(self.batch.bytes)), separator)
        if self.batch.partitions is not None:
            return by_partitions(context.render_as(Count, self.batch.partitions), separator)
        return by_rows(context.render_as(Count, self.batch.rows), separator)


class ForEachItemExecutable(BatchesTask, FlowCall):
    """Execute the other flow for each batch."""


class ForEachItemMergeOutputs(RunnableTask):
    """Join the outputs of all executions into one file, a line each."""

    batches: str = Field(description="The id of the task that executed them.")

    def run(self, context: RunContext) -> dict[str, Any]:
        """Join; outputs `subflowOutputs`, unless the executions gave none."""
        given = context.render_typed("{{ currentEachOutput(outputs['" + self.batches + "']) }}")
        base = given.get("subflowOutputsBaseUri")
        if base is None:
            return {}
        with scratch() as folder:
            merged = folder / "outputs.ion"
            with merged.open("wb") as target:
                for number in range(given["numberOfBatches"]):
                    context.check()
                    _append(context, f"{base}/{outputs_name(number)}", target)
            return {"subflowOutputs": context.put_file(merged, merged.name)} if merged.stat().st_size else {}


def outputs_name(number: int) -> str:
    """The name of the file that has the outputs of a batch's execution."""
    return f"{number:06}/outputs.ion"


def _append(context: RunContext, uri: str, target: BinaryIO) -> None:
    try:
        source = context.open_file(uri)
    except TaskFailure:
        return  # this execution gave no outputs
    with source:
        shutil.copyfileobj(source, target)


def _bounded(cut: Cut) -> Cut:
    def bounded(lines: Iterator[bytes], new_file: Callable[[], BinaryIO]) -> None:
        made = 0

        def counted() -> BinaryIO:
            nonlocal made
            made += 1
            if made > MAX_BATCHES:
                raise TaskFailure(f"More than {MAX_BATCHES} batches: choose larger ones")
            return new_file()

        cut(lines, counted)

    return bounded
