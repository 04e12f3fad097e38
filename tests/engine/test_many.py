"""Many values, many tasks, many executions: all of them, once, with bounded memory."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from pathlib import Path

import pytest

from engine.counting import Counts
from engine.running import end_of, engine, run, save
from engine.sources import each, fail, flow, log, ret
from thermik.executions.lifecycle import NewExecution, create
from thermik.executions.revival import restart
from thermik.local.interpreter import SkippingClock
from thermik.storage import schema


@pytest.mark.parametrize(("values", "limit"), [(1_000, 0), (250, 1), (250, 40)])
def test_a_loop_of_many_values(tmp_path: Path, values: int, limit: int) -> None:
    counts = Counts()
    loop = each(
        "loop",
        f"{{{{ range(1, {values}) }}}}",
        ret("t", "{{ taskrun.value }}", logLevel="ERROR"),
        concurrencyLimit=limit,
    )
    with engine(tmp_path, around=counts.around()) as runtime:
        ran = run(runtime, flow(loop, log("last", f"{{{{ outputs.t['{values}'].value }}}}")))
    assert ran.state == "SUCCESS"
    assert Counter(each_run.state.current.value for each_run in ran.task_runs) == {"SUCCESS": values + 2}
    turns = [each_run for each_run in ran.task_runs if each_run.task_id == "t"]
    assert {(each_run.outputs or {})["value"] for each_run in turns} == {str(value) for value in range(1, values + 1)}
    assert sorted(each_run.iteration or 0 for each_run in turns) == list(range(values))
    assert ran.logged("last") == [str(values)]
    assert max(counts.payloads) < 512
    assert counts.writes / values < 2.1
    if limit == 1:
        assert [each_run.iteration for each_run in turns] == list(range(values))


NAMED = "{{ taskrun.value }} of {{ parent.taskrun.value ?? 'none' }} after {{ outputs.first[taskrun.value].value }}"
"""What tasks of a loop read: their value, what is above, a sibling's output."""


def test_what_a_turn_costs_does_not_grow_with_their_number(tmp_path: Path) -> None:
    def cost(values: int) -> tuple[float, float, float]:
        counts = Counts()
        loop = each("loop", f"{{{{ range(1, {values}) }}}}", ret("first"), ret("t", NAMED), concurrencyLimit=0)
        with engine(tmp_path / str(values), around=counts.around()) as runtime:
            tracemalloc.start()
            run(runtime, flow(loop))
            memory = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return counts.reads / values, counts.read_bytes / values, memory / values

    few, many = cost(40), cost(400)
    assert many[0] <= few[0] + 0.1  # reads of a turn
    assert many[1] <= few[1] * 1.2  # bytes that it reads
    assert many[2] <= few[2] * 1.5  # bytes of memory


def test_values_that_no_item_could_hold(tmp_path: Path) -> None:
    values = [f"{number:04}{'x' * 2_000}" for number in range(300)]
    with engine(tmp_path) as runtime:
        loop = each("loop", values, ret("t", "{{ taskrun.value | length }}"), concurrencyLimit=0)
        ran = run(runtime, flow(loop, log("last", f"{{{{ outputs.t['{values[-1]}'].value }}}}")))
        assert ran.state == "SUCCESS"
        assert sorted(each_run.value or "" for each_run in ran.task_runs if each_run.task_id == "t") == values
        assert ran.logged("last") == ["2004"]


def test_many_values_after_a_restart_in_another_process(tmp_path: Path) -> None:
    """The values stay those of the first time, and a process that has not read them finds them."""
    turns = (ret("t", "{{ outputs.t['1'] is defined }}"), fail("u", condition="{{ taskrun.value == '3' }}"))
    source = flow(each("loop", "{{ range(1, 1500) }}", *turns, concurrencyLimit=1))
    with engine(tmp_path) as runtime:
        first = run(runtime, source)
        assert first.run("loop").progress.values is None, "they should not fit into the item"
    with engine(tmp_path) as runtime:
        restart(runtime.life, first.id)
        again = end_of(runtime, first.id)
    expected = {f"{task}[{value}]": "SUCCESS" for value in (1, 2, 3) for task in "tu"}
    assert again.states() == {**expected, "loop": "FAILED", "u[3]": "FAILED"}
    assert len(again.run("u", "3").attempts or ()) == 2


def test_a_failure_among_many_ends_them(tmp_path: Path) -> None:
    with engine(tmp_path) as runtime:
        loop = each(
            "loop", "{{ range(1, 200) }}", fail("t", condition="{{ taskrun.value == '100' }}"), concurrencyLimit=1
        )
        ran = run(runtime, flow(loop))
        assert ran.state == "FAILED"
        assert len(ran.task_runs) == 101
        partition = schema.execution_partition(ran.id)
        assert len(runtime.life.executions.notable_children(ran.id, ran.run("loop").id)) == 1
        assert partition.endswith(ran.id)


def test_many_executions_at_once(tmp_path: Path) -> None:
    with engine(tmp_path, clock=SkippingClock()) as runtime:
        names = save(runtime, flow(ret("a"), ret("b", "{{ execution.id }}")))
        executions = [create(runtime.life, NewExecution(*names)) for _ in range(100)]
        for execution in executions:
            ran = end_of(runtime, execution.id)
            assert ran.state == "SUCCESS"
            assert (ran.run("b").outputs or {})["value"] == execution.id
