"""A process dies before or after each of its writes, and another one takes over: everything ends as it would have."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from engine.faults import Death, Died, When
from engine.probe import probe
from engine.running import Around, Ran, build, end_of, engine, look, run, save, start
from engine.sources import allow, dag, each, fail, flow, log, par, ret, seq, when
from thermik.executions.lifecycle import NewExecution, create
from thermik.executions.model import Execution
from thermik.executions.repository import ExecutionNotFound
from thermik.executions.slots import Slots
from thermik.identity import new_id
from thermik.local.interpreter import SkippingClock
from thermik.local.runtime import Runtime
from thermik.local.takeover import take_over
from thermik.storage import schema
from thermik.storage.errors import TableUnavailable
from thermik.storage.table import Index
from thermik.tasks.runnable import RunContext, TaskFailure

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # threads that died


THOROUGH = os.environ.get("THERMIK_HYPOTHESIS") == "thorough"
"""Every write, and not only the first ones and then every third."""


PAUSE = "io.kestra.plugin.core.flow.Pause"


class Work:
    """Work that counts its runs by task run."""

    def __init__(self, failures: int = 0) -> None:
        self.runs: Counter[str] = Counter()
        self._failures = failures

    def __call__(self, context: RunContext) -> dict[str, Any]:
        self.runs[context.task_run_id] += 1
        if context.attempt < self._failures:
            raise TaskFailure("not yet")
        return {"large": "x" * 10_000}


def _sequence(work: Work) -> str:
    outputs = [{"id": "o", "type": "STRING", "value": "{{ outputs.b.value }}"}]
    return flow(probe("a", work), ret("b", "{{ outputs.a.large | length }}"), log("c"), outputs=outputs)


def _nested(work: Work) -> str:
    return flow(
        seq("group", probe("a", work)),
        each("loop", ["1", "2"], probe("b", work), when("check", "{{ taskrun.value == '2' }}", probe("c", work))),
        par("both", probe("d", work), seq("inner", probe("e", work), probe("f", work))),
        each("at_once", ["x", "y"], probe("g", work), concurrencyLimit=0),
    )


def _failing(work: Work) -> str:
    return flow(
        allow("tolerant", fail("t"), probe("never", work), errors=[probe("a", work)]),
        seq("group", probe("b", work), fail("f"), errors=[probe("c", work)]),
        errors=[probe("d", work)],
        **{"finally": [probe("e", work)]},
    )


def _retried(_: Work) -> str:
    work = Work(failures=2)
    return flow(probe("a", work, retry={"type": "constant", "interval": "PT1M", "maxAttempts": 3}), log("b"))


def _limited(work: Work) -> str:
    return flow(probe("a", work), probe("b", work), concurrency={"limit": 1})


def _let_in(work: Work) -> str:
    return flow(
        dag("one", (probe("a", work), ["b"]), (probe("b", work), []), concurrent=1),
        par("two", {"id": "p", "type": PAUSE, "pauseDuration": "PT1M"}, probe("c", work), log("d"), concurrent=1),
    )


FLOWS = [_sequence, _nested, _failing, _retried, _limited, _let_in]


@pytest.mark.parametrize("when", When)
@pytest.mark.parametrize("write", FLOWS, ids=lambda write: write.__name__[1:])
def test_an_execution_ends_as_if_its_process_had_lived(
    tmp_path: Path, write: Callable[[Work], str], when: When
) -> None:
    with engine(tmp_path / "undisturbed", clock=SkippingClock()) as runtime:
        expected = run(runtime, write(Work()))
    at = first = 1 if THOROUGH else 1 + (when is When.AFTER)
    while _die_and_go_on(tmp_path / f"{when.value}-{at}", write, Death(at, when), expected):
        at += 1 if THOROUGH or at < 6 else 3
    assert at > max(first, len(expected.task_runs))


def _die_and_go_on(data: Path, write: Callable[[Work], str], death: Death, expected: Ran) -> bool:
    """One life that ends at its n-th write and another one after it; False when the first one lived to the end."""
    work, execution_id = Work(), new_id()
    _first_life(data, write(work), death, execution_id)
    with engine(data, clock=SkippingClock()) as runtime:
        try:
            left = look(runtime, execution_id)
        except ExecutionNotFound:  # whoever created it was told
            return True
        take_over(runtime.life, runtime.process.lives)
        ran = end_of(runtime, execution_id) if not left.execution.state.is_terminal else look(runtime, execution_id)
        assert ran.states() == expected.states(), (death.at, death.when)
        assert ran.state == expected.state
        assert ran.history.count("RETRYING") == _failures(ran)
        if "RETRYING" not in expected.history:
            assert ran.history == expected.history
        assert ran.execution.outputs == expected.execution.outputs
        _check_runs(work, left, ran)
        assert take_over(runtime.life, runtime.process.lives) == 0
    return death.writes >= death.at


def _failures(ran: Ran) -> int:
    """Failed attempts after which another one came; an attempt whose process died is no failure."""
    attempts = [[attempt.state.current.value for attempt in each_run.attempts or ()] for each_run in ran.task_runs]
    return sum(states[:-1].count("FAILED") for states in attempts)


def _first_life(data: Path, source: str, death: Death, execution_id: str) -> None:
    with engine(data) as runtime:
        names = save(runtime, source)
    ended = threading.Event()
    runtime = build(data, clock=SkippingClock(), around=death.around())
    on_status = runtime.machines.engine._on_status

    def told(status: Any) -> None:
        try:
            assert on_status is not None
            on_status(status)
        finally:
            ended.set()

    runtime.machines.engine._on_status = told
    with suppress(Died):
        create(runtime.life, NewExecution(*names, id=execution_id))
        while not (death.came.wait(0.001) or ended.is_set()):
            pass
    death.bury(runtime)


def _check_runs(work: Work, left: Ran, ran: Ran) -> None:
    """No attempt was begun without a trace, and nothing that had ended was run again."""
    over = {each_run.id: each_run for each_run in left.task_runs if each_run.state.is_terminal}
    for task_run in ran.task_runs:
        attempts = [attempt.state.current.value for attempt in task_run.attempts or ()]
        assert work.runs[task_run.id] <= len(attempts)
        assert "RESUBMITTED" not in attempts[-1:]
        assert attempts.count("RESUBMITTED") <= 1
        if task_run.id in over:
            assert task_run == over[task_run.id]


def test_the_harness_counts_every_write(tmp_path: Path) -> None:
    death = Death(1_000, When.BEFORE)
    with engine(tmp_path) as runtime:
        save(runtime, flow(log("a")))
    with engine(tmp_path, around=Around(death.around().table)) as runtime:
        run(runtime, flow(log("a")))
    # the execution is created, runs; the attempt begins, logs, ends; the execution ends
    assert death.writes == 6


def _life_after(data: Path, source: str, *, write: int) -> Ran:
    """An execution whose process died behind this write, after the takeover."""
    execution_id = new_id()
    death = Death(write, When.AFTER)
    _first_life(data, source, death, execution_id)
    assert death.writes == write
    with engine(data, clock=SkippingClock()) as runtime:
        assert take_over(runtime.life, runtime.process.lives) == 1
        if runtime.life.executions.execution(execution_id).value.progress.aftermath:  # its machine runs again
            end_of(runtime, execution_id)
        assert take_over(runtime.life, lambda _: False) == 0, "something of it is left open"
        return look(runtime, execution_id)


def test_after_execution_runs_although_the_process_died_at_the_end(tmp_path: Path) -> None:
    ran = _life_after(tmp_path, flow(ret("a"), afterExecution=[ret("b")]), write=LAST_WRITE)
    assert ran.states() == {"a": "SUCCESS", "b": "SUCCESS"}


def test_a_slot_is_released_although_the_process_died_at_the_end(tmp_path: Path) -> None:
    ran = _life_after(tmp_path, flow(ret("a"), concurrency={"limit": 1}), write=LAST_WRITE + 1)
    assert ran.state == "SUCCESS"
    with engine(tmp_path) as runtime:
        assert not Slots(runtime.table, "company.team", "sample").holds(ran.id)


LAST_WRITE = 6
"""The write that ends an execution of one task that logs: created, runs; the attempt begins, logs, ends; the end."""


def test_a_retry_as_a_new_execution_is_not_lost(tmp_path: Path) -> None:
    retry = {"type": "constant", "interval": "PT1M", "maxAttempts": 2, "behavior": "CREATE_NEW_EXECUTION"}
    source = flow(fail("a"), retry=retry)
    for moment in When:
        at = 2
        while True:
            death, execution_id = Death(at, moment), new_id()
            data = tmp_path / f"{moment.value}-{at}"
            _first_life(data, source, death, execution_id)
            with engine(data, clock=SkippingClock()) as runtime:
                chain = _chain(runtime)
            assert chain == ["RETRIED", "FAILED"], (at, moment)
            if death.writes < at:
                break
            at += 1


def _chain(runtime: Runtime) -> list[str]:
    """The states of a flow's executions, oldest first, once all have ended."""
    partition = schema.flow_partition("company.team", "sample")
    take_over(runtime.life, runtime.process.lives)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        records = runtime.table.query(partition, index=Index.FIRST).records
        executions = [Execution.model_validate(record.body) for record in records]
        if len(executions) > 1 and all(each_execution.state.is_terminal for each_execution in executions):
            break
        time.sleep(0.02)
    return [each_execution.state.current.value for each_execution in executions]


def test_an_execution_whose_table_was_away_ends_all_the_same(tmp_path: Path) -> None:
    away = threading.Event()

    class Away:
        def __init__(self, table: Any) -> None:
            self._table = table

        def __getattr__(self, name: str) -> Any:
            if away.is_set() and name != "close":
                raise TableUnavailable("the disk is full")
            return getattr(self._table, name)

    with engine(tmp_path, clock=SkippingClock(), around=Around(table=Away)) as runtime:
        execution = start(runtime, flow(probe("a", lambda _context: away.set()), log("b")))
        runtime.machines.engine.wait(execution.id, timeout=30)
        away.clear()
        take_over(runtime.life, runtime.process.lives)
        assert end_of(runtime, execution.id).execution.state.is_terminal
