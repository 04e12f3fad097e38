"""Tasks that count executions, forget them or switch triggers, on a real table with real files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.probe import Gate, probe
from engine.running import Ran, engine, look, run, save, start, until_state
from engine.sources import fail, flow, log, ret
from thermik.executions.kill import kill
from thermik.executions.repository import ExecutionNotFound
from thermik.flows.validation import parse_flow
from thermik.local.runtime import Runtime
from thermik.triggers.states import Name

CORE = "io.kestra.plugin.core"
LATER = "{{ now() | dateAdd(1, 'DAYS') }}"


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    with engine(tmp_path) as started:
        yield started


def task(kind: str, **properties: Any) -> dict[str, Any]:
    return {"id": "work", "type": f"{CORE}.{kind}", **properties}


def does(runtime: Runtime, kind: str, **properties: Any) -> dict[str, Any]:
    """The outputs of a task that is the only one of a flow in another namespace."""
    ran = run(runtime, flow(task(kind, **properties), id="keeper", namespace="system"))
    assert ran.state == "SUCCESS", ran.messages
    return ran.run("work").outputs or {}


def made(runtime: Runtime) -> tuple[Ran, Ran]:
    """Two executions that have ended, the first with a file, an output, a metric and two log entries."""
    good = flow(
        {"id": "file", "type": f"{CORE}.storage.Write", "content": "x"},
        log("say"),
        log("shout", level="ERROR"),
        {"id": "count", "type": f"{CORE}.metric.Publish", "metrics": [{"type": "gauge", "name": "g", "value": 1}]},
        id="good",
    )
    return run(runtime, good), run(runtime, flow(fail("no"), id="bad"))


def is_there(runtime: Runtime, ran: Ran) -> bool:
    try:
        return bool(runtime.life.executions.execution(ran.id))
    except ExecutionNotFound:
        return False


def test_executions_are_counted_by_flow_namespace_and_state(runtime: Runtime) -> None:
    made(runtime)
    run(runtime, flow(ret("a"), id="good", namespace="company.team.below"))
    flows = [{"namespace": "company.team", "flowId": each} for each in ("good", "bad", "none")]
    outputs = does(
        runtime, "execution.Count", flows=flows, namespaces=["company.team", "company"], expression="{{ count >= 0 }}"
    )
    assert outputs["results"] == [
        {"namespace": "company.team", "flowId": "good", "count": 1},
        {"namespace": "company.team", "flowId": "bad", "count": 1},
        {"namespace": "company.team", "flowId": "none", "count": 0},
        {"namespace": "company.team", "count": 2},
    ]
    assert outputs["total"] == 4
    failed = does(
        runtime, "execution.Count", namespaces=["company.team"], states=["FAILED"], expression="{{ count == 1 }}"
    )
    assert failed["total"] == 1
    old = "{{ now() | dateAdd(-1, 'DAYS') }}"
    assert does(runtime, "execution.Count", flows=flows, endDate=old, expression="true")["total"] == 0


def test_a_purge_forgets_what_has_ended_and_nothing_else(runtime: Runtime) -> None:
    gate = Gate()
    working = start(runtime, flow(probe("wait", gate), id="working"))
    gate.await_begun()
    good, bad = made(runtime)
    elsewhere = run(runtime, flow(ret("a"), namespace="company.teams"))
    outputs = does(runtime, "execution.PurgeExecutions", namespace="company.team", endDate=LATER, batchSize=1)
    assert outputs["executionsCount"] == 2
    assert (outputs["storagesCount"], outputs["metricsCount"]) == (1, 1)
    assert outputs["taskOutputsCount"] >= 1
    assert outputs["logsCount"] >= 3
    assert [is_there(runtime, ran) for ran in (good, bad, elsewhere)] == [False, False, True]
    assert look(runtime, working.id).state == "RUNNING"
    assert [*runtime.blobs.list("company/team/")] == []
    again = does(runtime, "execution.PurgeExecutions", namespace="company.team", endDate=LATER)
    assert set(again.values()) == {0}
    kill(runtime.life, working.id)
    until_state(runtime, working.id, "KILLED")


def test_a_purge_takes_only_states_and_parts_that_are_named(runtime: Runtime) -> None:
    good, bad = made(runtime)
    named = {"namespace": "company", "endDate": LATER, "states": ["FAILED"]}
    assert does(runtime, "execution.PurgeExecutions", **named)["executionsCount"] == 1
    assert [is_there(runtime, ran) for ran in (good, bad)] == [True, False]
    spared = {"purgeExecution": False, "purgeLog": False, "namespace": "company.team", "flowId": "good"}
    outputs = does(runtime, "execution.PurgeExecutions", endDate=LATER, **spared)
    assert outputs == {
        "executionsCount": 0,
        "taskOutputsCount": 0,
        "logsCount": 0,
        "storagesCount": 1,
        "metricsCount": 1,
    }
    left = look(runtime, good.id)
    assert left.logged("say") == ["here"]
    assert left.run("file").outputs == good.run("file").outputs
    assert [attempt.metrics for attempt in left.run("count").attempts or ()] == [()]


def test_metrics_are_purged_alone(runtime: Runtime) -> None:
    good, _ = made(runtime)
    assert does(runtime, "metric.PurgeMetrics", endDate=LATER, namespace="company.team") == {"count": 1}
    assert does(runtime, "metric.PurgeMetrics", endDate=LATER) == {"count": 0}
    assert look(runtime, good.id).states() == good.states()


def test_logs_are_purged_by_level_and_execution(runtime: Runtime) -> None:
    good, bad = made(runtime)
    one = {"namespace": "company.team", "endDate": LATER, "executionId": good.id}
    assert does(runtime, "log.PurgeLogs", logLevels=["INFO"], **one)["count"] == 1
    assert look(runtime, good.id).logged("shout", "ERROR") == ["here"]
    assert look(runtime, good.id).logged("say") == []
    assert does(runtime, "log.PurgeLogs", **{**one, "namespace": "company.other"})["count"] == 0
    assert does(runtime, "log.PurgeLogs", startDate=LATER, **one)["count"] == 0
    assert does(runtime, "log.PurgeLogs", endDate=LATER, namespace="company")["executionLogsCount"] >= 2
    assert (look(runtime, good.id).logs, look(runtime, bad.id).logs) == ([], [])


def test_files_of_the_execution_are_deleted_and_its_outputs_stay(runtime: Runtime) -> None:
    long = "x" * 20_000
    source = flow(
        {"id": "file", "type": f"{CORE}.storage.Write", "content": "x"},
        ret("large", long),
        task("storage.PurgeCurrentExecutionFiles"),
        ret("reads", "{{ outputs.large.value | length }} {{ fileExists(outputs.file.uri) }}"),
    )
    ran = run(runtime, source)
    assert ran.run("work").outputs == {"uris": [(ran.run("file").outputs or {})["uri"]]}
    assert ran.run("reads").outputs == {"value": "20000 false"}


def test_files_of_called_executions_are_deleted_when_that_is_asked_for(runtime: Runtime) -> None:
    save(runtime, flow({"id": "file", "type": f"{CORE}.storage.Write", "content": "x"}, id="called"))
    call = {"id": "call", "type": f"{CORE}.flow.Subflow", "namespace": "company.team", "flowId": "called"}
    own = run(runtime, flow(call, task("storage.PurgeCurrentExecutionFiles")))
    assert own.run("work").outputs == {"uris": []}
    all_ = run(runtime, flow(call, task("storage.PurgeCurrentExecutionFiles", includeChildExecutions=True)))
    [uri] = (all_.run("work").outputs or {})["uris"]
    assert "/called/executions/" in uri
    assert len([*runtime.blobs.list("company/team/called/")]) == 1, "those of the other call stay"


def test_a_trigger_is_switched_off_and_on(runtime: Runtime) -> None:
    schedule = {"id": "yearly", "type": f"{CORE}.trigger.Schedule", "cron": "0 0 1 1 *"}
    runtime.flows.save(parse_flow(flow(ret("a"), id="timed", triggers=[schedule]), runtime.types, runtime.triggers))
    name = Name("company.team", "timed", "yearly")

    def due() -> datetime | None:
        known = runtime.hub.schedules.states.get(name)
        assert known is not None
        return known.state.due

    assert due() is not None
    meant = {"namespace": "company.team", "flowId": "timed", "trigger": "yearly"}
    does(runtime, "trigger.Toggle", **meant)
    does(runtime, "trigger.Toggle", **meant)
    assert due() is None
    does(runtime, "trigger.Toggle", enabled=True, **meant)
    assert (due() or datetime.min.replace(tzinfo=UTC)).month == 1


@pytest.mark.parametrize(
    ("meant", "message"),
    [
        ({"flowId": "timed"}, "Unable to find flow company.team.timed. Make sure the flow exists"),
        ({}, "Unable to find trigger yearly for the flow company.team.sample"),
    ],
)
def test_a_trigger_that_is_not_there_is_a_failure(runtime: Runtime, meant: dict[str, str], message: str) -> None:
    ran = run(runtime, flow(task("trigger.Toggle", trigger="yearly", **meant)))
    assert ran.state == "FAILED"
    assert any(each.startswith(message) for each in ran.messages)
