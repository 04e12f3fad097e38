"""LoopUntil: its limits, what they may be written as, and that nothing is left of an iteration that is over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from engine.probe import probe
from engine.running import Around, end_of, engine, history_of, run, start, until_state
from engine.sources import each, fail, flow, log, ret, seq, when
from thermik.executions.launch import start_machine
from thermik.local.interpreter import SkippingClock, moves
from thermik.local.runtime import Runtime
from thermik.storage import schema
from thermik.storage.table import Delete, Table
from thermik.worker import looping

TIMES = "{{ outputs.loop.iterationCount }}"


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    with engine(tmp_path, clock=SkippingClock()) as started:
        yield started


def loop(condition: str, *tasks: Mapping[str, Any], **properties: Any) -> dict[str, Any]:
    loop_type = "io.kestra.plugin.core.flow.LoopUntil"
    return {"id": "loop", "type": loop_type, "condition": condition, "tasks": tasks, **properties}


def until(times: int) -> str:
    return f"{{{{ outputs.loop.iterationCount >= {times} }}}}"


def test_each_iteration_sees_its_number_and_the_last_one_stays(runtime: Runtime) -> None:
    ran = run(runtime, flow(loop(until(3), ret("a", TIMES), ret("b", "{{ outputs.a.value }}")), ret("z", TIMES)))
    assert ran.state == "SUCCESS"
    assert ran.states() == {"loop": "SUCCESS", "a": "SUCCESS", "b": "SUCCESS", "z": "SUCCESS"}
    assert [ran.run(name).iteration for name in ("loop", "a", "b")] == [3, 3, 3]
    assert [(ran.run(name).outputs or {}).get("value") for name in ("a", "b", "z")] == ["3", "3", "3"]


@pytest.mark.parametrize(
    ("frequency", "iterations", "said"),
    [
        ({"maxIterations": 2}, 2, "Max iterations reached"),
        ({"maxIterations": "{{ vars.two }}"}, 2, "Max iterations reached"),
        ({"maxIterations": "{{ outputs.look.value }}"}, 3, "Max iterations reached"),
        ({"maxDuration": "PT25S", "interval": "PT10S"}, 4, "Max duration reached"),
        ({"maxDuration": "PT{{ vars.two }}5S", "interval": "{{ 'PT10S' }}"}, 4, "Max duration reached"),
    ],
)
@pytest.mark.parametrize("fails", [False, True, "{{ vars.two == 2 }}"])
def test_a_limit_ends_it(runtime: Runtime, frequency: Any, iterations: int, said: str, fails: bool | str) -> None:
    limited = loop("false", ret("look", "3"), checkFrequency=frequency, failOnMaxReached=fails)
    ran = run(runtime, flow(limited, variables={"two": 2}))
    assert ran.run("loop").outputs == {"iterationCount": iterations}
    assert ran.logged("loop", "WARN") == [said]
    assert ran.state == ("FAILED" if fails else "SUCCESS")


def test_without_limits_there_are_a_hundred_iterations(runtime: Runtime) -> None:
    assert run(runtime, flow(loop("false", ret("look")))).run("loop").outputs == {"iterationCount": 100}


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"condition": "{{ nobody.knows }}"}, "Unable to find `nobody`"),
        ({"checkFrequency": {"maxIterations": "{{ 'many' }}"}}, "maxIterations rendered to 'many'"),
        ({"checkFrequency": {"maxIterations": "{{ 0 }}"}}, "maxIterations rendered to '0'"),
        ({"checkFrequency": {"interval": "{{ 'soon' }}"}}, "interval rendered to 'soon'"),
        ({"checkFrequency": {"maxDuration": "{{ nobody.knows }}"}}, "Unable to find `nobody`"),
        ({"checkFrequency": {"maxIterations": 1}, "failOnMaxReached": "{{ 'perhaps' }}"}, "failOnMaxReached rendered"),
    ],
)
def test_what_cannot_be_told_fails_the_loop(runtime: Runtime, properties: dict[str, Any], said: str) -> None:
    ran = run(runtime, flow({**loop("false", ret("a")), **properties}, log("never")))
    assert ran.states() == {"loop": "FAILED", "a": "SUCCESS"}
    assert any(said in message for message in ran.logged("loop", "ERROR"))


@pytest.mark.parametrize(
    ("task", "states"),
    [
        (ret("a", runIf="false"), {"loop": "SUCCESS", "a": "SKIPPED"}),
        (fail("a", allowFailure=True), {"loop": "WARNING", "a": "WARNING"}),
        (fail("a"), {"loop": "FAILED", "a": "FAILED", "handler": "SUCCESS"}),
    ],
)
def test_only_an_iteration_of_successes_asks_the_condition(runtime: Runtime, task: Any, states: dict[str, str]) -> None:
    ran = run(runtime, flow(loop("{{ nobody.knows }}", task, errors=[log("handler")])))
    assert ran.states() == states


NESTED = loop(
    until(3),
    each("inner", ["x"], seq("s", ret("t")), **{"finally": [log("closes")]}),
    when("if", "true", log("then"), **{"else": [log("else")]}),
)
LEFT = {"loop", "inner", "s[x]", "t", "closes", "if", "then"}


def test_an_iteration_leaves_nothing_behind_at_any_depth(runtime: Runtime) -> None:
    ran = run(runtime, flow(NESTED))
    assert ran.states() == dict.fromkeys(LEFT, "SUCCESS")
    assert len(ran.task_runs) == len(LEFT)
    assert history_of(ran.run("loop")) == ["CREATED", "RUNNING", "SUCCESS"]


class _DiesTidying:
    """A table whose first deletion of a task run never comes."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.died = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    def write(self, *writes: Any) -> None:
        deletes = any(isinstance(each, Delete) and each.key.sort.startswith(schema.TASK_RUNS) for each in writes)
        if deletes and not self.died:
            self.died = True
            raise KeyboardInterrupt  # nothing of the machine catches it, as if the process had gone
        self._table.write(*writes)


def test_what_a_crash_left_of_an_iteration_is_forgotten_by_whoever_goes_on(tmp_path: Path) -> None:
    dying: list[_DiesTidying] = []

    def around(table: Table) -> Any:
        dying.append(_DiesTidying(table))
        return dying[-1]

    with engine(tmp_path, clock=SkippingClock(), around=Around(table=around)) as runtime:
        execution = start(runtime, flow(NESTED))
        ran = end_of(runtime, execution.id)
        if not ran.execution.state.is_terminal:
            plan = runtime.life.plans.plan("company.team", "sample", 1)
            start_machine(runtime.life, ran.execution, plan)
            ran = end_of(runtime, execution.id)
    assert dying[0].died
    assert ran.states() == dict.fromkeys(LEFT, "SUCCESS")
    assert len(ran.task_runs) == len(LEFT)


@pytest.fixture
def short_histories(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a tenth of the events that AWS keeps."""
    for module, name in ((moves, "MAX_EVENTS"), (looping, "MACHINE_EVENTS"), (looping, "NOTED_EVENTS")):
        monkeypatch.setattr(module, name, getattr(module, name) // 10)


@pytest.mark.usefixtures("short_histories")
@pytest.mark.parametrize(
    ("inside", "times"),
    [
        (each("many", "{{ range(1, 8) }}", ret("x"), concurrencyLimit=0), 30),
        (loop("false", ret("x"), id="inner", checkFrequency={"interval": "PT1S", "maxIterations": 6}), 12),
    ],
)
def test_a_long_loop_goes_on_in_another_machine_before_a_history_is_full(
    runtime: Runtime, inside: Mapping[str, Any], times: int
) -> None:
    dates: list[datetime] = []
    look_at = probe("look", lambda _context: dates.append(runtime.clock.now()))
    long = loop(until(times), look_at, inside, checkFrequency={"interval": "PT1M", "maxIterations": 100})
    execution = start(runtime, flow(long))
    ran = until_state(runtime, execution.id, "SUCCESS")
    assert (len(dates), ran.run("loop").iteration) == (times, times)
    assert ran.execution.progress.generation > 0
    assert all(later - earlier > timedelta(seconds=59) for earlier, later in pairwise(dates))
    assert ran.history == ["CREATED", "RUNNING", "SUCCESS"]


@pytest.mark.usefixtures("short_histories")
def test_loops_one_after_the_other_share_a_history(runtime: Runtime) -> None:
    short = loop("false", ret("x"), checkFrequency={"interval": "PT1S", "maxIterations": 9})
    execution = start(runtime, flow(each("many", "{{ range(1, 8) }}", short, concurrencyLimit=1)))
    assert until_state(runtime, execution.id, "SUCCESS").execution.progress.generation > 0
