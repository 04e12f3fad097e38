"""What flows cost, printed as a table (`pytest -s`), and the budget that a task run keeps to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine import concept_flows
from engine.counting import Counts
from engine.running import Ran, engine, run, save
from engine.sources import each, flow, log, ret, seq
from machines.golden_flows import NAMES, pretty, source_of
from machines.test_golden import states_of
from thermik.executions.lifecycle import NewExecution, create
from thermik.local.interpreter import SkippingClock
from thermik.storage import schema

FLOWS = {name: source_of(name) for name in NAMES} | {
    "page: loop": concept_flows.LOOP,
    "page: parent": concept_flows.PARENT,
    "page: each_switch": concept_flows.EACH_SWITCH,
    "hundred tasks": flow(ret("t0", "x"), *(ret(f"t{n}", f"{{{{ outputs.t{n - 1}.value }}}}") for n in range(1, 100))),
    "hundred turns": flow(each("loop", "{{ range(1, 100) }}", ret("t"), concurrencyLimit=0)),
}


def counted(data: Path, source: str) -> tuple[Counts, Ran, int, int]:
    """The counts of one execution; its states, and its transitions."""
    counts = Counts()
    with engine(data, clock=SkippingClock(), around=counts.around()) as runtime:
        run(runtime, source)  # the flow is saved and known; a warm worker
        counts.reset()
        ran = run(runtime, source)
        transitions = runtime.machines.engine.wait(ran.id).transitions
        plan = runtime.life.plans.plan(ran.execution.namespace, ran.execution.flow_id, ran.execution.flow_revision)
        states = sum(1 for _ in states_of(json.loads(pretty(plan.definition))))
    return counts, ran, states, transitions


def test_the_table_of_costs(tmp_path: Path) -> None:
    print(f"\n{'flow':18} states  runs  transitions/run  invocations/run  reads/run  queries/run  writes/run")
    for name, source in FLOWS.items():
        counts, ran, states, transitions = counted(tmp_path / name.replace(" ", "-"), source)
        runs = max(1, len(ran.task_runs))
        figures = (transitions, counts.invocations, counts.reads, counts.queries, counts.writes)
        print(f"{name:18} {states:6} {len(ran.task_runs):5}" + "".join(f"{figure / runs:14.2f}" for figure in figures))
        assert max(counts.payloads) < 1024, name
        for each_run in ran.task_runs:
            if each_run.attempts:
                assert counts.written[schema.task_run(ran.id, each_run.id)] <= 2 * len(each_run.attempts)


def _per_run(tmp_path: Path, one: str, more: str, runs: int) -> dict[str, float]:
    """What each task run beyond the first costs."""
    small, *_ = counted(tmp_path / "one", one)
    large, *_ = counted(tmp_path / "more", more)
    return {
        name: (getattr(large, name) - getattr(small, name)) / runs
        for name in ("invocations", "reads", "queries", "writes", "blob_calls")
    }


def test_an_execution_of_one_task_costs_one_read_one_query_and_six_writes(tmp_path: Path) -> None:
    """It is made, RUNNING and ended, its task run begun and ended, its log kept; asked is only for what is notable."""
    counts = Counts()
    with engine(tmp_path, clock=SkippingClock(), around=counts.around()) as runtime:
        revision = save(runtime, flow(ret("a", "x")))
        for _ in range(2):  # the second time, the worker is warm
            counts.reset()
            execution = create(runtime.life, NewExecution(*revision))
            runtime.machines.engine.wait(execution.id)
        costs = (counts.invocations, counts.reads, counts.queries, counts.writes, counts.blob_calls)
    assert costs == (1, 1, 1, 6, 0)


def test_a_task_that_names_nothing_costs_one_invocation_one_read_and_two_writes(tmp_path: Path) -> None:
    quiet = {"logLevel": "ERROR"}
    one = flow(ret("a", "x", **quiet))
    more = flow(*(ret(f"a{number}", "x", **quiet) for number in range(11)))
    cost = _per_run(tmp_path, one, more, 10)
    assert cost == {"invocations": 1, "reads": 1, "queries": 0, "writes": 2, "blob_calls": 0}


def test_a_log_costs_one_write_more_and_a_name_one_read_more(tmp_path: Path) -> None:
    one = flow(ret("z", "x"), log("a"))
    more = flow(ret("z", "x"), log("a"), *(log(f"a{number}", "{{ outputs.z.value }}") for number in range(10)))
    assert _per_run(tmp_path, one, more, 10) == {
        "invocations": 1,
        "reads": 2,
        "queries": 0,
        "writes": 3,
        "blob_calls": 0,
    }


def test_a_task_of_a_loop_costs_as_much_as_any(tmp_path: Path) -> None:
    quiet = {"logLevel": "ERROR"}
    one = flow(each("loop", "{{ range(1, 1) }}", ret("a", "{{ taskrun.value }}", **quiet)))
    more = flow(each("loop", "{{ range(1, 11) }}", ret("a", "{{ taskrun.value }}", **quiet)))
    assert _per_run(tmp_path, one, more, 10) == {
        "invocations": 1,
        "reads": 1,
        "queries": 0,
        "writes": 2,
        "blob_calls": 0,
    }


def test_a_flowable_costs_two_invocations_one_read_each_a_query_and_two_writes(tmp_path: Path) -> None:
    one = flow(ret("a"), seq("s", ret("b")))
    more = flow(ret("a"), seq("s", ret("b")), *(seq(f"s{number}", ret(f"b{number}")) for number in range(10)))
    with_its_task = {"invocations": 3, "reads": 3, "queries": 1, "writes": 5, "blob_calls": 0}
    assert _per_run(tmp_path, one, more, 10) == with_its_task


@pytest.mark.parametrize("tasks", [1, 10, 100])
def test_transitions_of_a_sequence_are_its_tasks(tmp_path: Path, tasks: int) -> None:
    _, ran, _, transitions = counted(tmp_path, flow(*(ret(f"a{number}") for number in range(tasks))))
    assert len(ran.task_runs) == tasks
    assert transitions <= tasks + 1
