"""Tasks that act on executions: Labels, Resume, Fetch, and what a Subflow takes over and gives."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.running import Ran, end_of, engine, look, run, save, start
from engine.sources import flow, log, par, ret, seq, sleep
from thermik.executions.model import Label
from thermik.executions.pausing import was_resumed_by
from thermik.expressions.formats.ion import read_ion
from thermik.local.runtime import Runtime
from thermik.storage.internal import key_of

CORE = "io.kestra.plugin.core"


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    with engine(Path(tmp_path_factory.mktemp("data"))) as started:
        yield started


def calls(task_id: str, flow_id: str, **properties: object) -> dict[str, object]:
    return {
        "id": task_id,
        "type": f"{CORE}.flow.Subflow",
        "namespace": "company.team",
        "flowId": flow_id,
        **properties,
    }


def test_labels_are_put_over_those_of_the_same_keys_and_the_systems_stay(runtime: Runtime) -> None:
    task = {"id": "label", "type": f"{CORE}.execution.Labels", "labels": {"a": "new", "{{ flow.id }}": "b"}}
    source = flow(task, ret("seen", "{{ labels.a }}"), id="labelled", labels={"a": "old", "kept": "yes"})
    ran = run(runtime, source)
    labels = {label.key: label.value for label in ran.execution.labels}
    assert labels == {"a": "new", "kept": "yes", "labelled": "b", "system.correlationId": ran.id}
    assert (ran.run("seen").outputs or {})["value"] == "new"


def test_a_system_label_is_refused(runtime: Runtime) -> None:
    task = {"id": "label", "type": f"{CORE}.execution.Labels", "labels": {"system.x": "y"}}
    assert run(runtime, flow(task, id="system-labelled")).state == "FAILED"


PAUSING = flow(
    {
        "id": "pause",
        "type": f"{CORE}.flow.Pause",
        "onResume": [{"id": "many", "type": "INT"}, {"id": "why", "type": "STRING", "defaults": "because"}],
    },
    ret("after", "{{ outputs.pause.onResume.many + 1 }} {{ outputs.pause.onResume.why }}"),
    id="pausing",
)


def resumes(execution_id: str, **inputs: object) -> str:
    task = {"id": "resume", "type": f"{CORE}.execution.Resume", "executionId": execution_id, "inputs": inputs}
    return flow(task, id="resuming")


def paused(runtime: Runtime) -> str:
    execution = start(runtime, PAUSING)
    while look(runtime, execution.id).state != "PAUSED":
        threading.Event().wait(0.02)
    return execution.id


def test_resume_gives_the_pause_its_typed_inputs(runtime: Runtime) -> None:
    execution_id = paused(runtime)
    resumer = run(runtime, resumes(execution_id, many="41"))
    assert resumer.state == "SUCCESS"
    ran = end_of(runtime, execution_id)
    assert (ran.run("after").outputs or {})["value"] == "42 because"
    assert was_resumed_by(runtime.life, execution_id, resumer.run("resume").id)
    assert not was_resumed_by(runtime.life, execution_id, "another")


def test_resume_with_inputs_that_do_not_fit_leaves_it_paused(runtime: Runtime) -> None:
    execution_id = paused(runtime)
    refused = run(runtime, resumes(execution_id, many="no number"))
    assert refused.state == "FAILED"
    assert look(runtime, execution_id).state == "PAUSED"


def test_what_is_not_paused_cannot_be_resumed(runtime: Runtime) -> None:
    ran = run(runtime, flow(log("a"), id="not-paused"))
    refused = run(runtime, resumes(ran.id))
    assert refused.state == "FAILED"
    assert any("is not paused" in message for message in refused.logged("resume", "ERROR"))
    assert run(runtime, resumes("no-such-execution")).state == "FAILED"


def fetched(runtime: Runtime, ran: Ran) -> list[str]:
    with runtime.blobs.open(key_of((ran.run("fetch").outputs or {})["uri"])) as file:
        return [read_ion(line)["message"] for line in file.read().decode().splitlines()]


def test_fetch_writes_the_log_of_an_execution_in_order(runtime: Runtime) -> None:
    both = {"id": "both", "type": f"{CORE}.flow.Parallel", "tasks": [log("b", ["b1", "b2"]), log("c", "c1")]}
    fetch = {"id": "fetch", "type": f"{CORE}.log.Fetch"}
    ran = run(runtime, flow(log("a", "a1"), log("quiet", "q", level="DEBUG"), both, fetch, id="fetching"))
    messages = fetched(runtime, ran)
    assert messages[0] == "a1"
    assert sorted(messages) == ["a1", "b1", "b2", "c1"]
    other = {**fetch, "executionId": ran.id, "level": "DEBUG", "tasksId": ["quiet"]}
    assert fetched(runtime, run(runtime, flow(other, id="fetching-another"))) == ["q"]


def test_fetch_of_another_flows_execution_by_a_wrong_name_is_refused(runtime: Runtime) -> None:
    ran = run(runtime, flow(log("a", "a1"), id="fetched"))
    fetch = {"id": "fetch", "type": f"{CORE}.log.Fetch", "executionId": ran.id, "namespace": "company.team"}
    assert run(runtime, flow({**fetch, "flowId": "fetched"}, id="fetching-right")).state == "SUCCESS"
    assert run(runtime, flow({**fetch, "flowId": "other"}, id="fetching-wrong")).state == "FAILED"


def test_a_subflow_without_outputs_is_asked_for_what_the_task_names(runtime: Runtime) -> None:
    save(runtime, flow(ret("inner", "seen"), id="silent"))
    asked = calls("call", "silent", outputs={"got": "{{ outputs.inner.value }}"})
    ran = run(runtime, flow(asked, id="asking"))
    assert (ran.run("call").outputs or {})["outputs"] == {"got": "seen"}


def test_outputs_that_cannot_be_rendered_fail_the_task_and_the_execution_is_named(runtime: Runtime) -> None:
    save(runtime, flow(ret("inner", "seen"), id="silent"))
    ran = run(runtime, flow(calls("call", "silent", outputs={"got": "{{ nothing_such }}"}), id="asking-wrongly"))
    assert ran.run("call").state.current.value == "FAILED"
    assert (ran.run("call").outputs or {})["state"] == "SUCCESS"


def test_a_subflow_may_start_later(runtime: Runtime) -> None:
    save(runtime, flow(log("inner"), id="later"))
    date = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    ran = run(runtime, flow(calls("call", "later", wait=False, scheduleDate=date), id="scheduling"))
    child = runtime.life.executions.execution((ran.run("call").outputs or {})["executionId"]).value
    assert child.state.current.value == "CREATED"
    assert child.schedule_date == datetime.fromisoformat(date)


def test_labels_of_the_caller_are_inherited_where_asked_for(runtime: Runtime) -> None:
    save(runtime, flow(log("inner"), id="heir"))
    for inherits in (True, False):
        call = calls("call", "heir", inheritLabels=inherits, labels={"own": "{{ flow.id }}"})
        ran = run(runtime, flow(call, id="giving"), labels=[Label(key="given", value="x")])
        child = look(runtime, (ran.run("call").outputs or {})["executionId"]).execution
        assert child.label("own") == "giving"
        assert child.label("given") == ("x" if inherits else None)
        assert child.label("system.correlationId") == ran.id


def test_a_sleeping_task_is_no_reason_to_wait_for_a_subflow(runtime: Runtime) -> None:
    save(runtime, flow(sleep("inner", "PT5S"), id="slow"))
    ran = run(runtime, flow(calls("call", "slow", wait=False), id="hurried"))
    assert (ran.run("call").outputs or {})["state"] in ("CREATED", "RUNNING")


def changes(task_id: str, kind: str, **properties: object) -> dict[str, object]:
    return {"id": task_id, "type": f"{CORE}.execution.{kind}", **properties}


def test_variables_are_set_and_removed(runtime: Runtime) -> None:
    ran = run(
        runtime,
        flow(
            changes("set", "SetVariables", variables={"name": "{{ flow.id }}", "order": {"total": 3}}),
            ret("first", "{{ vars.name }} {{ vars.kept }} {{ vars.order.total }} {{ vars.order.id }}"),
            changes("unset", "UnsetVariables", variables=["order.total", "kept"]),
            ret("second", "{{ vars.order.total ?? 'gone' }} {{ vars.kept ?? 'gone' }} {{ vars.order.id }}"),
            id="variables",
            variables={"name": "old", "kept": "yes", "order": {"id": 7}},
        ),
    )
    assert (ran.run("first").outputs or {})["value"] == "variables yes 3 7"
    assert (ran.run("second").outputs or {})["value"] == "gone gone 7"
    assert ran.execution.variables == {"name": "variables", "order": {"id": 7}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (changes("change", "SetVariables", variables={"a": 2}, overwrite=False), "these variables exist: a"),
        (changes("change", "UnsetVariables", variables=["b", "a.b"]), "do not exist: b, a.b"),
    ],
)
def test_variables_that_may_not_be_changed(runtime: Runtime, change: dict[str, object], message: str) -> None:
    ran = run(runtime, flow(change, id="variables-kept", variables={"a": 1}))
    assert ran.state == "FAILED"
    assert any(message in each for each in ran.logged("change", "ERROR"))


@pytest.mark.parametrize(
    ("state", "expected"),
    [("SUCCESS", "SUCCESS"), ("WARNING", "WARNING"), ("FAILED", "FAILED"), ("CANCELED", "CANCELLED")],
)
def test_exit_ends_the_execution_there(runtime: Runtime, state: str, expected: str) -> None:
    group = seq("group", changes("exit", "Exit", state=state), log("never"))
    ran = run(runtime, flow(group, log("nor_this"), id="exiting", outputs=[OUTPUT]))
    assert ran.state == expected
    assert ran.states() == {"group": expected, "exit": expected}
    assert ran.execution.outputs == {"o": "exiting"}


def test_a_failed_exit_is_not_tried_again(runtime: Runtime) -> None:
    again = {"type": "constant", "maxAttempts": 3, "interval": "PT0.1S"}
    ran = run(runtime, flow(changes("exit", "Exit", state="FAILED", retry=again), log("never"), id="exiting-once"))
    assert ran.state == "FAILED"
    assert ran.states() == {"exit": "FAILED"}
    assert ran.attempts("exit") == ["FAILED"]


OUTPUT = {"id": "o", "type": "STRING", "value": "{{ flow.id }}"}


def test_exit_may_kill(runtime: Runtime) -> None:
    both = par("both", sleep("long", "PT60S"), changes("exit", "Exit", state="KILLED"))
    execution = start(runtime, flow(both, id="exiting-killed"))
    while not look(runtime, execution.id).execution.state.is_terminal:
        threading.Event().wait(0.02)
    while look(runtime, execution.id).states()["long"] == "RUNNING":  # in flight when the others were ended: by itself
        threading.Event().wait(0.02)
    ran = look(runtime, execution.id)
    assert ran.state == "KILLED"
    assert ran.states()["long"] == "KILLED"
