"""Where a loop's values are kept, and what a process keeps of them."""

from __future__ import annotations

from pathlib import Path

from thermik.executions.loop_values import INLINE_BYTES, KeptValues, LoopValues, Values
from thermik.storage.files import FileBlobs
from unit.executions.made import task_run


def test_few_values_travel_with_the_run_and_many_beside_it(tmp_path: Path) -> None:
    values = LoopValues(FileBlobs(tmp_path), KeptValues())
    few = values.keep(task_run(), ["a", "b"])
    many = values.keep(task_run(), [str(number) for number in range(INLINE_BYTES)])
    assert (few.progress.values, few.progress.values_uri, few.progress.value_count) == (("a", "b"), None, 2)
    assert (many.progress.values, many.progress.value_count) == (None, INLINE_BYTES)


def test_whoever_has_not_read_them_finds_what_was_kept(tmp_path: Path) -> None:
    texts = ["é" * INLINE_BYTES, "\ud800", "", "c"]
    run = LoopValues(FileBlobs(tmp_path), KeptValues()).keep(task_run(), texts)
    found = LoopValues(FileBlobs(tmp_path), KeptValues()).of(run)
    assert found is not None
    assert found.texts == tuple(texts)
    assert [found.turns[text] for text in texts] == [0, 1, 2, 3]


def test_a_run_that_has_not_opened_has_none(tmp_path: Path) -> None:
    assert LoopValues(FileBlobs(tmp_path), KeptValues()).of(task_run()) is None


def test_what_is_kept_is_bounded_and_the_last_used_stays() -> None:
    kept = KeptValues(most=1_000)
    lists = {uri: Values([uri * 100]) for uri in "abcdefg"}
    for uri, values in lists.items():
        kept.put(uri, values)
        assert kept.get("a") is lists["a"], "it is used again and again"
    assert [uri for uri in lists if kept.get(uri)] == ["a", "c", "d", "e", "f", "g"]


def test_a_list_that_is_larger_than_the_bound_stays_while_it_is_the_last() -> None:
    kept = KeptValues(most=10)
    kept.put("a", Values(["a" * 100]))
    assert kept.get("a") is not None
    kept.put("b", Values(["b" * 100]))
    assert kept.get("a") is None
    assert kept.get("b") is not None
