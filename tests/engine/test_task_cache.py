"""`taskCache`: a task's outputs stand for those of later runs with the same properties."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.running import Ran, end_of, engine, run
from engine.sources import each, fail, flow, log, ret, seq
from thermik.executions.replay import replay
from thermik.flows.problems import InvalidFlow
from thermik.flows.validation import parse_flow
from thermik.local.interpreter import SkippingClock
from thermik.local.runtime import Runtime

CORE = "io.kestra.plugin.core"
ON = {"enabled": True}


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    with engine(tmp_path, clock=SkippingClock()) as started:
        yield started


def shell(command: str, cache: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    runner = {"taskRunner": {"type": f"{CORE}.runner.Process"}}
    kind = "io.kestra.plugin.scripts.shell.Commands"
    return {"id": "work", "type": kind, "commands": [command], "taskCache": cache or ON, **runner, **properties}


def counting(file: Path, **properties: Any) -> dict[str, Any]:
    """A task that counts its runs in a file, and tells the number."""
    count = f"echo x >> {file}; echo '::{{\"outputs\":{{\"runs\":'$(wc -l < {file})'}}}}::'"
    return shell(count, **properties)


def runs(ran: Ran, value: str | None = None) -> Any:
    return (ran.run("work", value).outputs or {})["vars"]["runs"]


def test_a_second_run_takes_over_the_outputs(runtime: Runtime, tmp_path: Path) -> None:
    source = flow(counting(tmp_path / "f"))
    first, second = run(runtime, source), run(runtime, source)
    assert [runs(first), runs(second)] == [1, 1]
    assert (second.state, second.attempts("work")) == ("SUCCESS", ["SUCCESS"])
    assert second.run("work").outputs == first.run("work").outputs
    assert "Uploading a cache entry for task 'work'" in first.logged("work")
    assert second.logged("work") == [
        "Skipping task execution for task 'work' as there is an existing cache entry for it"
    ]


def test_other_properties_are_another_entry(runtime: Runtime, tmp_path: Path) -> None:
    inputs = [{"id": "a", "type": "STRING"}]
    source = flow(counting(tmp_path / "f", env={"A": "{{ inputs.a }}"}), inputs=inputs)
    assert [runs(run(runtime, source, inputs={"a": each})) for each in ("x", "y", "x", "y")] == [1, 2, 1, 2]
    other = flow(counting(tmp_path / "f", env={"A": "x"}), id="other")
    assert runs(run(runtime, other)) == 3


def test_an_entry_that_is_older_than_its_ttl_counts_no_more(runtime: Runtime, tmp_path: Path) -> None:
    source = flow(counting(tmp_path / "f", cache={"enabled": True, "ttl": "PT1H"}))
    pause = {"id": "p", "type": f"{CORE}.flow.Pause", "pauseDuration": "PT40M"}
    passes = flow(pause, id="passes")
    found = []
    for _ in range(4):
        found.append(runs(run(runtime, source)))
        run(runtime, passes)
    assert found == [1, 1, 2, 2]


def test_without_enabled_nothing_is_kept(runtime: Runtime, tmp_path: Path) -> None:
    source = flow(counting(tmp_path / "f", cache={"enabled": False}))
    assert [runs(run(runtime, source)) for _ in range(2)] == [1, 2]


def test_what_failed_is_not_kept(runtime: Runtime, tmp_path: Path) -> None:
    file = tmp_path / "f"
    source = flow(shell(f"test -e {file} || {{ touch {file}; exit 1; }}", allowFailure=True))
    assert [run(runtime, source).run("work").state.current for _ in range(3)] == ["WARNING", "SUCCESS", "SUCCESS"]


def test_each_value_of_a_loop_has_its_own(runtime: Runtime, tmp_path: Path) -> None:
    source = flow(each("loop", ["a", "b"], counting(tmp_path / "f")))
    first, second = run(runtime, source), run(runtime, source)
    assert sorted(runs(first, value) for value in "ab") == [1, 2]
    assert [runs(second, value) for value in "ab"] == [runs(first, value) for value in "ab"]


def test_files_of_the_first_run_can_be_read(runtime: Runtime) -> None:
    source = flow(
        {"id": "work", "type": f"{CORE}.storage.Write", "content": "hello", "taskCache": ON},
        ret("reads", "{{ read(outputs.work.uri) }}"),
        outputs=[{"id": "o", "type": "STRING", "value": "{{ read(outputs.work.uri) }}"}],
    )
    first, second = run(runtime, source), run(runtime, source)
    assert second.state == "SUCCESS", second.messages
    assert second.run("work").outputs == first.run("work").outputs
    assert first.id in (second.run("work").outputs or {})["uri"]
    assert second.run("reads").outputs == {"value": "hello"}
    assert second.execution.outputs == {"o": "hello"}


def test_a_cache_gives_no_access_to_files_of_others(runtime: Runtime) -> None:
    other = run(runtime, flow({"id": "work", "type": f"{CORE}.storage.Write", "content": "secret"}, id="other"))
    uri = (other.run("work").outputs or {})["uri"]
    source = flow(ret("work", uri, taskCache=ON), ret("reads", "{{ read(outputs.work.value) }}"))
    assert [run(runtime, source).state for _ in range(2)] == ["FAILED", "FAILED"]


def test_properties_that_cannot_be_rendered_beforehand_are_not_cached(runtime: Runtime) -> None:
    items = {"id": "file", "type": f"{CORE}.storage.Write", "content": "{a: 1}\n", "extension": ".ion"}
    kind = f"{CORE}.storage.FilterItems"
    work = {"id": "work", "type": kind, "from": "{{ outputs.file.uri }}", "filterCondition": "{{ a == 1 }}"}
    ran = run(runtime, flow(items, {**work, "taskCache": ON}))
    assert ran.state == "SUCCESS", ran.messages
    [error] = ran.logged("work", "ERROR")
    assert error.startswith("Unable to create the cache key for the task 'work': ")


def test_the_working_directory_may_be_named(runtime: Runtime, tmp_path: Path) -> None:
    source = flow(counting(tmp_path / "f", env={"D": "{{ workingDir }}"}))
    assert [runs(run(runtime, source)) for _ in range(2)] == [1, 1]


def test_a_broken_entry_is_told_and_the_task_runs(runtime: Runtime, tmp_path: Path) -> None:
    source = flow(counting(tmp_path / "f"))
    run(runtime, source)
    [info] = [*runtime.blobs.list("company/team/sample/caches/work/outputs/")]
    runtime.blobs.put(info.key, b"[")
    ran = run(runtime, source)
    assert runs(ran) == 2
    assert ran.logged("work", "ERROR")[0].startswith("Unexpected exception while loading the cache for task 'work'")
    assert runs(run(runtime, source)) == 2


def test_a_replay_may_read_what_the_cache_gave(runtime: Runtime) -> None:
    write = {"id": "work", "type": f"{CORE}.storage.Write", "content": "hello", "taskCache": ON}
    source = flow(write, ret("reads", "{{ read(outputs.work.uri) }}"))
    run(runtime, source)
    second = run(runtime, source)
    again = replay(runtime.life, second.id, from_task_run=second.run("reads").id)
    assert end_of(runtime, again.id).run("reads").outputs == {"value": "hello"}


@pytest.mark.parametrize(
    ("cache", "path"),
    [({}, "tasks[0].taskCache.enabled"), ({"enabled": True, "ttl": "PT0S"}, "tasks[0].taskCache.ttl")],
)
def test_what_is_no_cache_is_refused(runtime: Runtime, cache: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidFlow) as refused:
        parse_flow(flow(log("a", taskCache=cache)), runtime.types)
    [problem] = refused.value.problems
    assert problem.path == path


def test_a_task_that_does_no_work_itself_is_warned_of(runtime: Runtime) -> None:
    parsed = parse_flow(flow(seq("s", fail("f"), taskCache=ON), log("a", taskCache=ON)), runtime.types)
    [warning] = parsed.warnings
    assert warning.path == "tasks[0].taskCache"
    assert warning.message == (
        "The task 's' cannot use the 'taskCache' property as it's only relevant for runnable tasks."
    )
