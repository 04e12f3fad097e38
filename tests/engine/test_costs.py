"""What flows cost, printed as a table (`pytest -s`), and the budget that a task run keeps to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from conftest import REPOSITORY, shared_dir
from engine import concept_flows, conformance_flows
from engine.counting import Counts
from engine.running import WAIT_SECONDS, Ran, engine, run, save
from engine.sources import constant, dag, each, fail, flow, log, par, ret, seq, switch, when
from machines.golden_flows import NAMES, pretty, source_of
from machines.test_golden import states_of
from thermik.api.errors import ApiError
from thermik.executions.lifecycle import NewExecution, create
from thermik.executions.model import Execution
from thermik.flows.input_values import InvalidInputs
from thermik.local.interpreter import SkippingClock
from thermik.local.runtime import Runtime
from thermik.machines.client import machine_name
from thermik.storage import schema
from thermik.worker.context import AttemptContext

MAX_PAYLOAD = 1024
"""Bytes that an invocation is given, and answers, whatever the flow's inputs and outputs."""

FLOWS = {name: source_of(name) for name in NAMES} | {
    **{f"example: {place.parent.name}": place.read_text() for place in REPOSITORY.glob("examples/*/flow.yaml")},
    "page: loop": concept_flows.LOOP,
    "page: parent": concept_flows.PARENT,
    "page: each_switch": concept_flows.EACH_SWITCH,
    "hundred tasks": flow(ret("t0", "x"), *(ret(f"t{n}", f"{{{{ outputs.t{n - 1}.value }}}}") for n in range(1, 100))),
    "hundred turns": flow(each("loop", "{{ range(1, 100) }}", ret("t"), concurrencyLimit=0)),
}


@dataclass(frozen=True)
class Cost:
    """What an execution and those that it started cost, with a warm worker."""

    states: int
    runs: int
    transitions: int
    invocations: int
    reads: int
    queries: int
    writes: int
    largest: int

    HEADINGS: ClassVar = f"{'':40} states  runs  transitions/run  invocations/run  reads/run  queries/run  writes/run"

    def line(self, name: str) -> str:
        """Its line of the table."""
        figures = (self.transitions, self.invocations, self.reads, self.queries, self.writes)
        columns = "".join(f"{figure / max(1, self.runs):13.2f}" for figure in figures)
        return f"{name:40} {self.states:6} {self.runs:5} {columns}"


def counted(data: Path, source: str) -> tuple[Counts, Ran, Cost]:
    """The counts of one execution, and its costs."""
    counts = Counts()
    with engine(data, clock=SkippingClock(), around=counts.around()) as runtime:
        run(runtime, source)  # the flow is saved and known; a warm worker
        counts.reset()
        ran = run(runtime, source)
        return counts, ran, cost_of(runtime, counts, ran.execution)


def cost_of(runtime: Runtime, counts: Counts, execution: Execution) -> Cost:
    """What was counted since the last reset, while an execution ran."""
    plan = runtime.life.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision)
    ids = counts.executions | {execution.id}
    executions = runtime.life.executions
    machines = [machine_name(executions.execution(each).value) for each in ids]
    return Cost(
        states=sum(1 for _ in states_of(json.loads(pretty(plan.definition)))),
        runs=sum(len(executions.all_task_runs(each)) for each in ids),
        transitions=sum(runtime.machines.engine.wait(each, WAIT_SECONDS).transitions for each in machines),
        invocations=counts.invocations,
        reads=counts.reads,
        queries=counts.queries,
        writes=counts.writes,
        largest=max(counts.payloads, default=0),
    )


def test_the_table_of_costs(tmp_path: Path) -> None:
    print(f"\n{Cost.HEADINGS}")
    for name, source in FLOWS.items():
        counts, ran, cost = counted(tmp_path / name.replace(" ", "-"), source)
        print(cost.line(name))
        assert cost.largest < MAX_PAYLOAD, name
        for each_run in ran.task_runs:
            if each_run.attempts:
                assert counts.written[schema.task_run(ran.id, each_run.id)] <= 2 * len(each_run.attempts)


@pytest.mark.skipif(shared_dir() is None, reason="the shared folder with the flows is not there")
def test_the_table_of_what_the_conformance_flows_cost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AttemptContext, "sleep", lambda *_: None)  # waits in a task are in real time
    counts, costs = Counts(), {}
    with engine(tmp_path, clock=SkippingClock(), around=counts.around()) as runtime:
        for name, saved in conformance_flows.save_all(runtime).items():
            try:
                execution = conformance_flows.begin(runtime, name, saved)
            except (ApiError, InvalidInputs):  # disabled, blocked by its checks, or what no text is
                continue
            runtime.machines.engine.wait(machine_name(execution), WAIT_SECONDS)
            costs[name] = cost_of(runtime, counts, execution)
            counts.reset()
    print("\n" + "\n".join([Cost.HEADINGS, *(cost.line(name) for name, cost in costs.items())]))
    runs = sum(cost.runs for cost in costs.values())
    transitions = sum(cost.transitions for cost in costs.values()) / runs
    print(f"{len(costs)} flows, {runs} task runs, {transitions:.2f} transitions a task run")
    assert {name: cost.largest for name, cost in costs.items() if cost.largest >= MAX_PAYLOAD} == {}


LONG = "x" * 100_000


@pytest.mark.parametrize(
    "task",
    [
        ret("a", "{{ inputs.long }}"),
        log("a", "{{ inputs.long }}"),
        fail("a", errorMessage="{{ inputs.long }}", retry=constant(maxAttempts=2)),
        when("a", "{{ inputs.long }}", ret("b", "{{ inputs.long }}")),
        switch("a", "{{ inputs.long }}", defaults=[ret("b")]),
        each("a", ["{{ inputs.long }}", "{{ inputs.long }}y"], ret("b", "{{ taskrun.value }}"), concurrencyLimit=0),
        par("a", ret("b", "{{ inputs.long }}"), fail("c", errorMessage="{{ inputs.long }}"), concurrent=1),
        dag("a", (ret("b", "{{ inputs.long }}"), []), (ret("c", "{{ outputs.b.value }}"), ["b"])),
    ],
    ids=lambda task: str(task["type"]).rpartition(".")[2],
)
def test_no_data_travels_in_the_machine(tmp_path: Path, task: dict[str, Any]) -> None:
    counts = Counts()
    source = flow(task, inputs=[{"id": "long", "type": "STRING"}])
    with engine(tmp_path, clock=SkippingClock(), around=counts.around(), trace=True) as runtime:
        ran = run(runtime, source, inputs={"long": LONG})
        history = runtime.machines.engine.history(machine_name(ran.execution))
    assert ran.execution.state.is_terminal
    assert max(counts.payloads) < MAX_PAYLOAD
    assert "xxxx" not in str(history)


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
    _, ran, cost = counted(tmp_path, flow(*(ret(f"a{number}") for number in range(tasks))))
    assert len(ran.task_runs) == tasks
    assert cost.transitions <= tasks + 1
