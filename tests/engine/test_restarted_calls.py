"""What a restart does about the executions that a Subflow or a ForEachItem waited for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.probe import Flaky, probe
from engine.running import Ran, end_of, engine, history_of, look, run, save, start, until_state
from engine.sources import fail, flow, log, par
from thermik.executions.kill import kill
from thermik.executions.model import Execution
from thermik.executions.pausing import resume
from thermik.executions.revival import restart
from thermik.identity import new_id
from thermik.local.runtime import Runtime
from thermik.storage import schema
from thermik.storage.internal import ExecutionFiles, key_of
from thermik.storage.table import Index

CORE = "io.kestra.plugin.core.flow"
PAUSE = {"id": "pause", "type": f"{CORE}.Pause"}
AGAIN = ["CREATED", "RUNNING", "FAILED", "RESTARTED", "RUNNING"]


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    with engine(tmp_path) as started:
        yield started


def calls(task_id: str, **properties: Any) -> dict[str, Any]:
    return {"id": task_id, "type": f"{CORE}.Subflow", "namespace": "company.team", "flowId": "child", **properties}


def children(runtime: Runtime, execution_id: str) -> list[Execution]:
    page = runtime.table.query(schema.children_partition(execution_id), index=Index.THIRD, limit=100)
    return [Execution.model_validate(record.body) for record in page.records]


def again(runtime: Runtime, ran: Ran) -> Ran:
    restart(runtime.life, ran.id)
    return end_of(runtime, ran.id)


def test_the_execution_that_failed_is_restarted_as_often_as_it_takes(runtime: Runtime) -> None:
    flaky = Flaky(2)
    save(runtime, flow(log("once"), probe("work", flaky), id="child"))
    failed = run(runtime, flow(calls("call"), log("next")))
    (child,) = children(runtime, failed.id)
    once_more = again(runtime, failed)
    assert (failed.state, once_more.state) == ("FAILED", "FAILED")
    done = again(runtime, once_more)
    assert [each.id for each in children(runtime, failed.id)] == [child.id]
    assert (done.state, done.attempts("call")) == ("SUCCESS", ["FAILED", "FAILED", "SUCCESS"])
    assert (done.run("call").outputs or {})["executionId"] == child.id
    below = look(runtime, child.id)
    assert (below.attempts("once"), below.attempts("work")) == (["SUCCESS"], ["FAILED", "FAILED", "SUCCESS"])
    assert sum("Restarted execution" in message for message in done.logged("call")) == 2


def test_another_execution_is_started_where_the_task_asks_for_it(runtime: Runtime) -> None:
    save(runtime, flow(probe("work", Flaky(1)), id="child"))
    failed = run(runtime, flow(calls("call", restartBehavior="NEW_EXECUTION")))
    assert again(runtime, failed).state == "SUCCESS"
    assert sorted(each.state.current.value for each in children(runtime, failed.id)) == ["FAILED", "SUCCESS"]


def test_a_retry_starts_another_execution_and_a_restart_goes_on_with_the_last(runtime: Runtime) -> None:
    save(runtime, flow(probe("work", Flaky(2)), id="child"))
    retry = {"type": "constant", "interval": "PT0.1S", "maxAttempts": 2}
    failed = run(runtime, flow(calls("call", retry=retry)))
    first, last = sorted(children(runtime, failed.id), key=lambda child: child.state.start_date)
    assert again(runtime, failed).state == "SUCCESS"
    assert [look(runtime, each.id).state for each in (first, last)] == ["FAILED", "SUCCESS"]
    assert len(children(runtime, failed.id)) == 2


def test_an_execution_without_a_failed_task_is_begun_again(runtime: Runtime) -> None:
    limited = flow(PAUSE, id="child", concurrency={"limit": 1, "behavior": "FAIL"})
    names = save(runtime, limited)
    holder = start(runtime, limited)
    until_state(runtime, holder.id, "PAUSED")
    failed = run(runtime, flow(calls("call")))
    kill(runtime.life, holder.id)
    restart(runtime.life, failed.id)
    (child,) = children(runtime, failed.id)
    until_state(runtime, child.id, "PAUSED")
    resume(runtime.life, child.id)
    assert names[:2] == (child.namespace, child.flow_id)
    assert end_of(runtime, failed.id).state == "SUCCESS"


def test_an_execution_that_goes_on_meanwhile_is_taken_over(runtime: Runtime) -> None:
    save(runtime, flow(PAUSE, id="child"))
    failed = run(runtime, flow(par("both", calls("call"), probe("beside", Flaky(1)))))
    assert failed.state == "FAILED"
    (child,) = children(runtime, failed.id)
    until_state(runtime, child.id, "PAUSED")
    restart(runtime.life, failed.id)
    until_state(runtime, failed.id, "RUNNING")
    resume(runtime.life, child.id)
    done = end_of(runtime, failed.id)
    assert (done.state, len(children(runtime, failed.id))) == ("SUCCESS", 1)


def test_an_execution_that_was_killed_is_left_alone(runtime: Runtime) -> None:
    save(runtime, flow(PAUSE, id="child"))
    failed = run(runtime, flow(par("both", calls("call"), fail("beside"))))
    (child,) = children(runtime, failed.id)
    until_state(runtime, child.id, "PAUSED")
    kill(runtime.life, child.id)
    restart(runtime.life, failed.id)
    end_of(runtime, failed.id)
    assert look(runtime, child.id).state == "KILLED"


def test_the_executions_of_batches_are_restarted_where_they_failed(runtime: Runtime) -> None:
    flaky = Flaky(1)
    save(runtime, flow(probe("work", flaky), id="child"))
    execution_id = new_id()
    uri = ExecutionFiles("company.team", "sample", execution_id).input_uri("file", "rows.txt")
    runtime.blobs.put(key_of(uri), b"a\nb\n")
    batches = {**calls("each"), "type": f"{CORE}.ForEachItem", "items": "{{ inputs.file }}"}
    source = flow(batches, inputs=[{"id": "file", "type": "FILE"}])
    failed = run(runtime, source, id=execution_id, inputs={"file": uri})
    before = {each.id: each.state.current.value for each in children(runtime, failed.id)}
    assert sorted(before.values()) == ["FAILED", "SUCCESS"]
    assert again(runtime, failed).state == "SUCCESS"
    after = {each.id: [entry.state.value for entry in each.state.histories] for each in children(runtime, failed.id)}
    assert after.keys() == before.keys()
    assert {history[:5] == AGAIN for each, history in after.items() if before[each] == "FAILED"} == {True}
    assert history_of(failed.run("each_items"))[-1] == "FAILED"
