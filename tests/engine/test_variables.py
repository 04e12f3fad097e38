"""What a task's expressions see of the others: outputs by task and value, parents, states."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.running import Ran, engine, run
from engine.sources import each, flow, log, ret, seq, switch, when
from thermik.executions.model import Label, Trigger
from thermik.local.runtime import Runtime


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    with engine(Path(tmp_path_factory.mktemp("data"))) as started:
        yield started


def said(ran: Ran, task_id: str) -> list[Any]:
    """The values that a Return gave, in order of creation."""
    assert ran.state == "SUCCESS", ran.messages
    return [(task_run.outputs or {})["value"] for task_run in ran.task_runs if task_run.task_id == task_id]


def test_outputs_nest_by_the_values_around_them(runtime: Runtime) -> None:
    inner = each("inner", ["1", "2"], ret("deep", "{{ taskrun.value }}"), when("check", "true", ret("deepest")))
    source = flow(
        each("outer", ["a", "b"], ret("shallow", "{{ taskrun.value }}"), inner),
        ret("end", "{{ outputs.deep }}"),
        ret("one", "{{ outputs.shallow.b.value }}{{ outputs.deep['a']['2'].value }}{{ outputs.deepest.b['1'].value }}"),
        ret("loop", "{{ outputs.outer }}{{ outputs.inner.a }}"),
    )
    ran = run(runtime, source)
    deep = {outer: {value: {"value": value} for value in "12"} for outer in "ab"}
    assert json.loads(said(ran, "end")[0]) == deep
    assert said(ran, "one") == ["b2deepest"]
    assert said(ran, "loop") == ["{}{}"]


def test_outputs_have_the_same_shape_within_the_loop(runtime: Runtime) -> None:
    source = flow(
        each("loop", ["a", "b"], ret("t", "x{{ taskrun.value }}"), ret("u", "{{ outputs.t[taskrun.value].value }}")),
        each("again", ["b"], ret("v", "{{ currentEachOutput(outputs.t).value }}")),
    )
    ran = run(runtime, source)
    assert said(ran, "u") == ["xa", "xb"]
    assert said(ran, "v") == ["xb"]


def test_what_has_not_run_is_not_there(runtime: Runtime) -> None:
    defined = "{{ outputs.later is defined }} {{ outputs.skipped is defined }}"
    absent = defined + " {{ outputs.silent }} {{ outputs.nobody ?? 'no' }}"
    ran = run(runtime, flow(log("silent"), log("skipped", runIf="false"), ret("a", absent), ret("later")))
    assert said(ran, "a") == ["false true {} no"]


def test_all_outputs_of_a_flow_can_be_shown(runtime: Runtime) -> None:
    ran = run(runtime, flow(ret("a", "1"), each("l", ["x"], ret("b", "2")), ret("c", "{{ outputs }}")))
    shown = json.loads(said(ran, "c")[0])
    assert {name: shown[name] for name in shown if name != "c"} == {
        "a": {"value": "1"},
        "l": {},
        "b": {"x": {"value": "2"}},
    }


def test_parents_are_those_with_a_value_or_outputs_nearest_first(runtime: Runtime) -> None:
    condition = when("check", "{{ true }}", seq("group", ret("t", "{{ parents }}"), ret("u", "{{ parent }}")))
    ran = run(runtime, flow(each("outer", ["a"], switch("sort", "x", cases={"x": [each("inner", ["1"], condition)]}))))
    expected = [
        {"taskrun": {"value": "1"}, "outputs": {"evaluationResult": True}},
        {"taskrun": {"value": "a"}, "outputs": {"value": "x", "defaults": False}},
    ]
    assert json.loads(said(ran, "t")[0]) == expected
    assert json.loads(said(ran, "u")[0]) == expected[0]


def test_outside_of_all_that_there_is_no_parent(runtime: Runtime) -> None:
    ran = run(
        runtime, flow(ret("a", "{{ parent is defined }} {{ parents }}"), seq("g", ret("b", "{{ parent is defined }}")))
    )
    assert (said(ran, "a"), said(ran, "b")) == (["false []"], ["false"])


def test_states_of_tasks(runtime: Runtime) -> None:
    ran = run(
        runtime, flow(ret("a"), each("l", ["x"], ret("b")), ret("c", "{{ tasks.a.state }} {{ tasks.b.x.state }}"))
    )
    assert said(ran, "c") == ["SUCCESS SUCCESS"]


def test_tasks_are_found_by_their_state(runtime: Runtime) -> None:
    found = "{{ tasksWithState('success') }}"
    ran = run(runtime, flow(ret("a"), each("l", ["x", "y"], ret("b")), ret("c", found)))
    shown = json.loads(said(ran, "c")[0])
    assert {(each["taskId"], each.get("value")) for each in shown} == {("a", None), ("l", None), ("b", "x"), ("b", "y")}
    assert {each["state"] for each in shown} == {"SUCCESS"}


def test_whether_a_file_is_there_and_empty(runtime: Runtime) -> None:
    written = {"id": "w", "type": "io.kestra.plugin.core.storage.Write", "content": "some"}
    asked = "{{ fileExists(outputs.w.uri) }} {{ fileExists(outputs.w.uri ~ '.x') }} {{ fileExists('no/such.txt') }}"
    size = "{{ isFileEmpty(outputs.w.uri) }} {{ fileSize(outputs.w.uri) }}"
    ran = run(runtime, flow(written, ret("a", asked), ret("b", size)))
    assert (said(ran, "a"), said(ran, "b")) == (["true false false"], ["false 4"])


def test_whether_somebody_elses_file_is_there_is_not_told(runtime: Runtime) -> None:
    ran = run(runtime, flow(ret("a", "{{ fileExists('kestra:///other/space/f/executions/1/tasks/t/2/x.txt') }}")))
    assert ran.state == "FAILED"
    assert "belongs to neither this execution" in ran.logged("a", "ERROR")[0]


def test_what_an_execution_brings(runtime: Runtime) -> None:
    labels = "{{ labels.team }} {{ labels.system.correlationId == execution.id }}"
    shown = "{{ inputs.n }} " + labels + " {{ trigger.executionId }} {{ vars.v }}"
    given = {
        "inputs": {"n": 3},
        "labels": [Label(key="team", value="blue")],
        "trigger": Trigger(id="t", type="x", variables={"executionId": "starter"}),
    }
    source = flow(
        ret("a", shown),
        ret("b", "{{ flow.namespace }}.{{ flow.id }} {{ task.id }} {{ execution.startDate | length }}"),
        variables={"v": "{{ 1 }}"},
    )
    ran = run(runtime, source, **given)
    assert said(ran, "a") == ["3 blue true starter {{ 1 }}"]
    assert said(ran, "b") == ["company.team.sample b 24"]


def test_without_inputs_and_trigger_they_are_undefined(runtime: Runtime) -> None:
    ran = run(
        runtime, flow(ret("a", "{{ inputs is defined }} {{ trigger is defined }} {{ envs is defined }} {{ globals }}"))
    )
    assert said(ran, "a") == ["false false true {}"]


def test_an_error_names_the_expression_and_fails_the_task(runtime: Runtime) -> None:
    ran = run(runtime, flow(ret("a", "{{ outputs.nobody.value }}")))
    assert ran.state == "FAILED"
    told = "Unable to find `nobody` used in the expression `{{ outputs.nobody.value }}` at line 1, column 11"
    assert told in ran.logged("a", "ERROR")[0]
