"""Kestra's rules for flowables, a table a rule: what each flow comes to, in states, outputs, histories and words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.running import Ran, engine, history_of, run
from engine.sources import Task, allow, dag, each, each_parallel, fail, flow, log, par, ret, seq, switch, when
from thermik.executions.model import TaskRun
from thermik.local.interpreter import SkippingClock
from thermik.local.runtime import Runtime

FLOW = "io.kestra.plugin.core.flow"
DISABLED, SKIPPED = {"disabled": True}, {"runIf": "false"}


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    with engine(Path(tmp_path_factory.mktemp("data")), clock=SkippingClock()) as started:
        yield started


def wait(task_id: str, duration: str = "PT1M", **properties: Any) -> Task:
    return {"id": task_id, "type": f"{FLOW}.Pause", "pauseDuration": duration, **properties}


def one_by_one(task_id: str, values: Any, *tasks: Task, **properties: Any) -> Task:
    return {"id": task_id, "type": f"{FLOW}.EachSequential", "value": values, "tasks": tasks, **properties}


WARNS = fail("w", allowFailure=True)
HANDLED = {"errors": [log("handler")]}


@pytest.mark.parametrize(
    ("task", "states"),
    [
        # an If: its branch, none, and what cannot be told
        (when("t", "true", ret("a"), **{"else": [ret("b")]}), {"t": "SUCCESS", "a": "SUCCESS"}),
        (when("t", "0", ret("a"), **{"else": [ret("b")]}), {"t": "SUCCESS", "b": "SUCCESS"}),
        (when("t", "false", ret("a")), {"t": "SUCCESS"}),
        (when("t", "{{ nobody }}", ret("a"), **HANDLED), {"t": "FAILED"}),
        # a Switch compares texts
        (switch("t", "{{ true }}", cases={True: [ret("a")]}), {"t": "SUCCESS", "a": "SUCCESS"}),
        (switch("t", "{{ 1 }}", cases={1: [ret("a")], "2": [ret("b")]}), {"t": "SUCCESS", "a": "SUCCESS"}),
        (switch("t", "z", cases={"a": [ret("a")]}, defaults=[ret("b")]), {"t": "SUCCESS", "b": "SUCCESS"}),
        (switch("t", "z", cases={"a": [ret("a")]}, **HANDLED), {"t": "FAILED"}),
        # AllowFailure: a Sequential that warns where that fails; its `errors` run, the flow's do not
        (allow("t", ret("a")), {"t": "SUCCESS", "a": "SUCCESS"}),
        (allow("t", fail("a"), ret("b"), **HANDLED), {"t": "WARNING", "a": "FAILED", "handler": "SUCCESS"}),
        (allow("t", WARNS, ret("b")), {"t": "WARNING", "w": "WARNING", "b": "SUCCESS"}),
        # the first failure is the last: one at a time nothing else begins
        (seq("t", fail("a"), ret("b")), {"t": "FAILED", "a": "FAILED"}),
        (par("t", fail("a"), ret("b"), concurrent=1), {"t": "FAILED", "a": "FAILED"}),
        (dag("t", (ret("b"), ["a"]), (fail("a"), [])), {"t": "FAILED", "a": "FAILED"}),
        (each("t", ["x", "y"], fail("a"), ret("b")), {"t": "FAILED", "a[x]": "FAILED"}),
        (one_by_one("t", ["x", "y"], fail("a"), ret("b")), {"t": "FAILED", "a[x]": "FAILED"}),
        # a Dag's task begins whatever else became of what it needs
        (
            dag("t", (ret("d"), ["s", "w"]), (ret("s", **SKIPPED), []), (WARNS, [])),
            {"t": "WARNING", "s": "SKIPPED", "w": "WARNING", "d": "SUCCESS"},
        ),
        (dag("t", (ret("b"), ["a"]), (ret("a", **DISABLED), [])), {"t": "SUCCESS", "b": "SUCCESS"}),
        # `errors` run on when one of them fails, and recover nothing
        (
            seq("t", fail("a"), errors=[fail("e1"), log("e2")]),
            {"t": "FAILED", "a": "FAILED", "e1": "FAILED", "e2": "SUCCESS"},
        ),
        (par("t", fail("a"), concurrent=1, **HANDLED), {"t": "FAILED", "a": "FAILED", "handler": "SUCCESS"}),
        (each("t", ["x"], fail("a"), **HANDLED), {"t": "FAILED", "a[x]": "FAILED", "handler": "SUCCESS"}),
        (dag("t", (fail("a"), []), **HANDLED), {"t": "FAILED", "a": "FAILED", "handler": "SUCCESS"}),
        # what is skipped has no children, and counts for nothing; what is disabled is not there
        (seq("t", ret("a"), **SKIPPED), {"t": "SKIPPED"}),
        (seq("t", ret("a", **SKIPPED), ret("b")), {"t": "SUCCESS", "a": "SKIPPED", "b": "SUCCESS"}),
        (seq("t", ret("a", **DISABLED), ret("b")), {"t": "SUCCESS", "b": "SUCCESS"}),
        *((shape, {"t": "SUCCESS"}) for shape in (
            seq("t", ret("a", **DISABLED)),
            par("t", ret("a", **DISABLED)),
            par("t", ret("a", **DISABLED), concurrent=1),
            each("t", ["x"], ret("a", **DISABLED)),
            each("t", ["x"], ret("a", **DISABLED), concurrencyLimit=0),
            each_parallel("t", ["x"], ret("a", **DISABLED)),
            dag("t", (ret("a", **DISABLED), [])),
            when("t", "true", ret("a", **DISABLED)),
            switch("t", "a", cases={"a": [ret("a", **DISABLED)]}),
            allow("t", ret("a", **DISABLED)),
        )),
        # no values, no children, and no `errors`
        *((each("t", [], ret("a"), concurrencyLimit=limit, **HANDLED), {"t": "SUCCESS"}) for limit in (0, 1, 2)),
        (each_parallel("t", [], ret("a"), **HANDLED), {"t": "SUCCESS"}),
        (one_by_one("t", "[]", ret("a"), **HANDLED), {"t": "SUCCESS"}),
        # pauses: by itself, by what its end means, and with tasks
        (wait("t", behavior="WARN"), {"t": "WARNING"}),
        (wait("t", behavior="FAIL", **HANDLED), {"t": "FAILED", "handler": "SUCCESS"}),
        (wait("t", timeout="PT1S"), {"t": "SUCCESS"}),
        (wait("t", tasks=[fail("a"), ret("b")]), {"t": "FAILED", "a": "FAILED"}),
    ],
)  # fmt: skip
def test_what_a_flowable_comes_to(runtime: Runtime, task: Task, states: dict[str, str]) -> None:
    ran = run(runtime, flow(task))
    assert ran.states() == states
    assert ran.state == states["t"].replace("SKIPPED", "SUCCESS")


@pytest.mark.parametrize(
    ("children", "plain", "may_fail", "may_fail_and_warn"),
    [
        ([ret("a")], "SUCCESS", "SUCCESS", "SUCCESS"),
        ([ret("a", **SKIPPED)], "SUCCESS", "SUCCESS", "SUCCESS"),
        ([ret("a"), WARNS], "WARNING", "WARNING", "SUCCESS"),
        ([WARNS, fail("a")], "FAILED", "WARNING", "SUCCESS"),
    ],
)
@pytest.mark.parametrize("shape", [seq, par, lambda name, *tasks, **more: each(name, ["x"], *tasks, **more)])
def test_its_children_make_its_state(
    runtime: Runtime, shape: Any, children: list[Task], plain: str, may_fail: str, may_fail_and_warn: str
) -> None:
    tolerances = ({}, {"allowFailure": True}, {"allowFailure": True, "allowWarning": True})
    ran = [run(runtime, flow(shape("t", *children, **tolerance))) for tolerance in tolerances]
    assert [each.run("t").state.current for each in ran] == [plain, may_fail, may_fail_and_warn]
    assert [each.state for each in ran] == [plain, may_fail, may_fail_and_warn]


@pytest.mark.parametrize(
    ("given", "values"),
    [
        (["a", "b", "a"], ["a", "b"]),
        ('["a", "b", "a"]', ["a", "b"]),
        ("{{ ['a', 'b'] }}", ["a", "b"]),
        ("{{ range(1, 3) }}", ["1", "2", "3"]),
        ('[1, 1.5, true, {"b": 1, "a": [2]}]', ["1", "1.5", "true", '{"b":1,"a":[2]}']),
        ([1, "{{ 'a' ~ 'b' }}", "x"], ["1", "ab", "x"]),
        ([{"{{ 'k' }}": "{{ 1 + 1 }}", "a": {"deep": "{{ 'v' }}"}}], ['{"k":"2","a":{"deep":"v"}}']),
    ],
)
def test_the_values_of_a_loop(runtime: Runtime, given: Any, values: list[str]) -> None:
    for loop in (each("t", given, ret("a")), one_by_one("t", given, ret("a")), each_parallel("t", given, ret("a"))):
        ran = run(runtime, flow(loop))
        assert sorted(each.value or "" for each in children_of(ran, "t")) == sorted(values)
        assert ran.state == "SUCCESS"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("text", "no JSON list"),
        ('{"a": 1}', "no JSON list"),
        ("{{ nobody }}", "Unable to find `nobody`"),
        (["a", True], "Unknown value element type"),
        ([1.5], "Unknown value element type"),
        ([["a"]], "Unknown value element type"),
        ('["a", null]', "Found '1' null values on Each, with values=[a, null]"),
    ],
)
def test_what_no_loop_can_run_over(runtime: Runtime, given: Any, said: str) -> None:
    for loop in (each("t", given, ret("a")), one_by_one("t", given, ret("a")), each_parallel("t", given, ret("a"))):
        ran = run(runtime, flow(loop))
        assert ran.states() == {"t": "FAILED"}
        assert any(said in message for message in ran.logged("t", "ERROR")), ran.messages


def children_of(ran: Ran, task_id: str) -> list[TaskRun]:
    above = ran.run(task_id).id
    return [each for each in ran.task_runs if each.parent_task_run_id == above]


def test_a_loops_own_children_have_its_values_and_no_one_below_them(runtime: Runtime) -> None:
    ran = run(runtime, flow(each("t", ["x", "y"], seq("s", ret("a")))))
    assert [(each.task_id, each.value, each.iteration) for each in children_of(ran, "t")] == [
        ("s", "x", 0),
        ("s", "y", 1),
    ]
    assert [(each.value, each.iteration) for each in ran.task_runs if each.task_id == "a"] == [(None, None)] * 2


def test_one_at_a_time_it_is_one_sequence(runtime: Runtime) -> None:
    for loop in (each("t", ["x", "y"], ret("a"), ret("b")), one_by_one("t", ["x", "y"], ret("a"), ret("b"))):
        assert list(run(runtime, flow(loop)).states()) == ["t", "a[x]", "b[x]", "a[y]", "b[y]"]


def span(ran: Ran, task_id: str, value: str) -> tuple[Any, Any]:
    histories = ran.run(task_id, value).state.histories
    return histories[0].date, histories[-1].date


def test_tasks_of_one_value_run_one_after_the_other_in_a_for_each(runtime: Runtime) -> None:
    ran = run(runtime, flow(each("t", ["x", "y"], wait("a"), ret("b"), concurrencyLimit=0)))
    assert all(span(ran, "b", value)[0] >= span(ran, "a", value)[1] for value in ("x", "y"))
    assert span(ran, "a", "y")[0] < span(ran, "a", "x")[1], "the values run side by side"


def test_tasks_of_one_value_run_side_by_side_in_an_each_parallel(runtime: Runtime) -> None:
    ran = run(runtime, flow(each_parallel("t", ["x", "y"], wait("a"), ret("b"))))
    assert all(span(ran, "b", value)[1] < span(ran, "a", value)[1] for value in ("x", "y"))


@pytest.mark.parametrize("limit", [2, 3])
def test_so_many_values_run_at_a_time_and_the_earliest_comes_next(runtime: Runtime, limit: int) -> None:
    values = ["1", "2", "3", "4", "5"]
    ran = run(runtime, flow(each("t", values, wait("a", "PT{{ taskrun.value }}M"), ret("b"), concurrencyLimit=limit)))
    spans = [(span(ran, "a", value)[0], span(ran, "b", value)[1]) for value in values]
    first, *later = max(begun for begun, _ in spans[:limit]), *(begun for begun, _ in spans[limit:])
    assert [first, *later] == sorted([first, *later])
    assert all(sum(begun <= at < ended for begun, ended in spans) <= limit for at, _ in spans)


@pytest.mark.parametrize(
    ("task", "outputs"),
    [
        (ret("t", ""), {"value": ""}),
        (log("t"), {}),
        (seq("t", ret("a")), {}),
        (par("t", ret("a")), {}),
        (dag("t", (ret("a"), [])), {}),
        (each("t", ["x"], ret("a")), {}),
        (when("t", "yes", ret("a")), {"evaluationResult": True}),
        (when("t", "-0", ret("a")), {"evaluationResult": False}),
        (switch("t", "{{ 1 }}", cases={"1": [ret("a")]}), {"value": "1", "defaults": False}),
        (switch("t", "z", cases={"1": [ret("a")]}, defaults=[ret("b")]), {"value": "z", "defaults": True}),
    ],
)
def test_its_history_its_outputs_and_its_attempts(runtime: Runtime, task: Task, outputs: dict[str, Any]) -> None:
    found = run(runtime, flow(task)).run("t")
    assert history_of(found) == ["CREATED", "RUNNING", "SUCCESS"]
    assert found.outputs == outputs
    assert len(found.attempts or ()) == (0 if ".flow." in task["type"] else 1)


def test_a_switch_without_a_match_warns_in_its_log(runtime: Runtime) -> None:
    assert run(runtime, flow(switch("t", "z", cases={"a": [ret("a")]}))).logged("t", "WARN")


def test_what_is_skipped_has_no_attempt(runtime: Runtime) -> None:
    found = run(runtime, flow(ret("t", **SKIPPED))).run("t")
    assert (history_of(found), found.attempts, found.outputs) == (["CREATED", "SKIPPED"], None, {})


def test_what_a_branch_was_chosen_by_does_not_count_later(runtime: Runtime) -> None:
    """The condition was true when it was asked; that it would not be now changes nothing."""
    asked = "{{ outputs.a is not defined }}"
    assert run(runtime, flow(when("t", asked, ret("a"), ret("b")))).states()["b"] == "SUCCESS"


def test_children_of_errors_begin_after_what_failed(runtime: Runtime) -> None:
    ran = run(runtime, flow(seq("t", fail("a"), errors=[ret("e", "{{ tasks.a.state }}")])))
    assert ran.run("e").outputs == {"value": "FAILED"}
