"""WorkingDirectory: what fills the directory, and what is kept of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from thermik.tasks.flow.working_directory import WorkingDirectory
from thermik.tasks.runnable import TaskFailure
from unit.tasks.fake_context import REGISTRY, FakeContext


def directory(**properties: Any) -> WorkingDirectory:
    data = {"id": "wdir", "type": "io.kestra.plugin.core.flow.WorkingDirectory", "tasks": [], **properties}
    return WorkingDirectory.model_validate(data, context={"types": REGISTRY})


def context(tmp_path: Path, name: str) -> FakeContext:
    return FakeContext(tmp_path / name)


CACHE = {"patterns": ["kept/**"]}


def write(context: FakeContext, **files: str) -> None:
    for name, text in files.items():
        path = context.working_directory() / "kept" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def turn(task: WorkingDirectory, context: FakeContext, **files: str) -> list[str]:
    """One execution that writes these files; the files that it found."""
    cached = task.prepare(context)
    root = context.working_directory()
    found = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    write(context, **files)
    task.capture(context, cached)
    return found


def test_a_cache_is_written_again_only_if_a_file_changed(tmp_path: Path) -> None:
    task, first = directory(cache=CACHE), context(tmp_path, "first")
    assert turn(task, first, a="1") == []
    second, third, fourth = (context(tmp_path, name) for name in ("second", "third", "fourth"))
    second.cache = third.cache = fourth.cache = first.cache
    assert turn(task, second, a="1") == ["kept/a"]
    assert first.cache.writes == 1
    turn(task, third, a="2")
    assert first.cache.writes == 2
    assert turn(task, fourth, b="3") == ["kept/a"]
    assert first.cache.writes == 3


@pytest.mark.parametrize(("age", "found"), [(timedelta(minutes=4), ["kept/a"]), (timedelta(minutes=6), [])])
def test_a_cache_is_forgotten_after_its_time(tmp_path: Path, age: timedelta, found: list[str]) -> None:
    task, first = directory(cache={**CACHE, "ttl": "PT5m"}), context(tmp_path, "first")
    turn(task, first, a="1")
    later = context(tmp_path, "later")
    later.cache = first.cache
    later.cache.age = age
    assert turn(task, later) == found


def test_input_files_go_over_those_of_the_namespace_and_the_cache(tmp_path: Path) -> None:
    task = directory(namespaceFiles={}, inputFiles={"a.txt": "{{ flow.id }}"})
    here = context(tmp_path, "work")
    here.namespace_files.files["company.team", "a.txt"] = b"of the namespace"
    here.namespace_files.files["company.team", "b.txt"] = b"too"
    task.prepare(here)
    root = here.working_directory()
    assert (root / "a.txt").read_text() == "orders"
    assert (root / "b.txt").read_text() == "too"


def test_output_files_are_moved_and_left_out_if_there_are_none(tmp_path: Path) -> None:
    task, here = directory(outputFiles=["*.txt"]), context(tmp_path, "work")
    task.prepare(here)
    assert task.capture(here, {}) == {}
    (here.working_directory() / "a.txt").write_text("x")
    outputs = task.capture(here, {})
    assert here.text(outputs["outputFiles"]["a.txt"]) == "x"
    assert not (here.working_directory() / "a.txt").exists()


def test_a_file_that_leads_out_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaskFailure, match="no path inside"):
        directory(inputFiles={"../a": "x"}).prepare(context(tmp_path, "work"))
