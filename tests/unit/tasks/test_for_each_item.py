"""ForEachItem's parts that do work: the split, and the merge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from thermik.tasks.flow import for_each_item
from thermik.tasks.flow.for_each_item import ForEachItem, ForEachItemMergeOutputs, ForEachItemSplit
from thermik.tasks.runnable import TaskFailure
from unit.tasks.fake_context import REGISTRY, FakeContext

FILE = "kestra:///company/team/orders/executions/x/inputs/file/rows.txt"


def parts(**properties: Any) -> tuple[Any, ...]:
    data = {
        "id": "each",
        "type": "io.kestra.plugin.core.flow.ForEachItem",
        "items": FILE,
        "namespace": "company.team",
        "flowId": "other",
        **properties,
    }
    task = ForEachItem.model_validate(data, context={"types": REGISTRY})
    return task.branches()[0].tasks


def batches(context: FakeContext, **batch: Any) -> list[str]:
    split = parts(batch=batch)[0]
    assert isinstance(split, ForEachItemSplit)
    listed = context.text(split.run(context)["splits"])
    assert len({len(line) for line in listed.splitlines()}) <= 1, "lines are found by their number"
    return [context.text(line) for line in listed.splitlines()]


@pytest.fixture
def context(tmp_path: Path) -> FakeContext:
    return FakeContext(tmp_path, files={FILE: b"a\nb\nc\nd\ne\n"})


@pytest.mark.parametrize(
    ("batch", "expected"),
    [
        ({}, ["a\n", "b\n", "c\n", "d\n", "e\n"]),
        ({"rows": 2}, ["a\nb\n", "c\nd\n", "e\n"]),
        ({"rows": "{{ 1 + 3 }}"}, ["a\nb\nc\nd\n", "e\n"]),
        ({"partitions": 2}, ["a\nc\ne\n", "b\nd\n"]),
        ({"partitions": 7}, ["a\n", "b\n", "c\n", "d\n", "e\n"]),
        ({"bytes": "4B", "partitions": 3, "rows": 1}, ["a\nb\n", "c\nd\n", "e\n"]),
        ({"partitions": 1, "rows": 1, "separator": ";"}, ["a;b;c;d;e;"]),
    ],
)
def test_the_file_is_cut(context: FakeContext, batch: dict[str, Any], expected: list[str]) -> None:
    assert batches(context, **batch) == expected


def test_there_are_bounds(context: FakeContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(for_each_item, "MAX_BATCHES", 3)
    with pytest.raises(TaskFailure, match="More than 3 batches"):
        batches(context)


def test_the_parts_have_ids_of_their_own() -> None:
    assert [part.id for part in parts()] == ["each_split", "each_items", "each_merge"]


def test_outputs_are_joined_in_order_and_missing_ones_are_passed_over(context: FakeContext) -> None:
    merge = parts()[2]
    assert isinstance(merge, ForEachItemMergeOutputs)
    base = "kestra:///base"
    context.files |= {f"{base}/000000/outputs.ion": b"{a:0}\n", f"{base}/000002/outputs.ion": b"{a:2}\n"}
    context.variables["outputs"] = {"each_items": {"numberOfBatches": 3, "subflowOutputsBaseUri": base}}
    assert context.text(merge.run(context)["subflowOutputs"]) == "{a:0}\n{a:2}\n"
    context.variables["outputs"] = {"each_items": {}}
    assert merge.run(context) == {}
