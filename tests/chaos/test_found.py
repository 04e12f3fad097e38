"""What chaos runs found, each as small as it can be."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any
from unittest import mock

import pytest

from engine.probe import probe
from engine.running import Around, end_of, engine, look, run, save, start, until_state
from engine.sources import constant, each_parallel, fail, flow, log, par
from thermik.executions import sweep
from thermik.executions.kill import kill
from thermik.executions.left_behind import open_executions
from thermik.executions.revival import restart
from thermik.local.interpreter import SkippingClock
from thermik.storage.errors import TableUnavailable
from thermik.storage.table import Put
from thermik.tasks.runnable import RunContext, TaskFailure

UNKNOWN = "{{ nobody.knows }}"
PAUSE = {"id": "wait", "type": "io.kestra.plugin.core.flow.Pause", "pauseDuration": "PT5S"}


@pytest.mark.parametrize(
    ("waiting", "ending"), [(PAUSE, "SUCCESS"), (par("both", fail("wait", retry=constant(maxAttempts=2))), "FAILED")]
)
def test_what_waits_in_the_finally_of_what_could_not_be_opened_is_not_cut_short(
    tmp_path: Path, waiting: dict[str, object], ending: str
) -> None:
    unopened = each_parallel("each", ["a"], log("never"), runIf=UNKNOWN, **{"finally": [waiting]})
    with engine(tmp_path, clock=SkippingClock()) as runtime:
        ran = run(runtime, flow(unopened, errors=[log("handled")]))
    assert (ran.states()["wait"], ran.states()["handled"], ran.state) == (ending, "SUCCESS", "FAILED")


def test_a_pause_that_fails_may_be_allowed_to(tmp_path: Path) -> None:
    with engine(tmp_path, clock=SkippingClock()) as runtime:
        ran = run(runtime, flow({**PAUSE, "behavior": "FAIL", "allowFailure": True}, log("after")))
    assert (ran.states(), ran.state) == ({"wait": "WARNING", "after": "SUCCESS"}, "WARNING")


class AnswersLost:
    """A table whose answer to each write of a task's run is lost, but the first."""

    def __init__(self, table: Any, task_id: str) -> None:
        self._table = table
        self._task_id = task_id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    def write(self, *writes: Any) -> None:
        self._table.write(*writes)
        for each in writes:
            if isinstance(each, Put) and each.record.version and each.record.body.get("taskId") == self._task_id:
                raise TableUnavailable("away by now")


def test_a_working_directory_that_cannot_go_on_fails_in_one_write(tmp_path: Path) -> None:
    directory = {
        "id": "directory",
        "type": "io.kestra.plugin.core.flow.WorkingDirectory",
        "tasks": [log("never", runIf=UNKNOWN)],
        "errors": [log("handled")],
    }
    around = Around(table=lambda table: AnswersLost(table, "directory"))  # type: ignore[arg-type,return-value]
    with engine(tmp_path, clock=SkippingClock(), around=around) as runtime:
        ran = run(runtime, flow(directory))
    assert (ran.states(), ran.state) == ({"directory": "FAILED", "handled": "SUCCESS"}, "FAILED")


CALL = {"id": "call", "type": "io.kestra.plugin.core.flow.Subflow", "namespace": "company.team", "flowId": "child"}


def test_attempts_are_in_order_though_the_clock_of_the_next_process_is_late(tmp_path: Path) -> None:
    ahead = SkippingClock()
    ahead._skipped = timedelta(minutes=1)
    with engine(tmp_path, clock=ahead) as runtime:
        first = run(runtime, flow({**CALL, "runIf": UNKNOWN}))
    with engine(tmp_path, clock=SkippingClock()) as runtime:
        restart(runtime.life, first.id)
        attempts = end_of(runtime, first.id).run("call").attempts or ()
    begun = [attempt.state.start_date for attempt in attempts]
    assert len(begun) == 2
    assert begun == sorted(begun)


def test_a_call_that_is_killed_has_an_attempt_that_was(tmp_path: Path) -> None:
    with engine(tmp_path) as runtime:
        save(runtime, flow({**PAUSE, "pauseDuration": "PT1H"}, id="child"))
        execution = start(runtime, flow(CALL))
        until_state(runtime, execution.id, "RUNNING")
        while not look(runtime, execution.id).states():
            pass
        kill(runtime.life, execution.id)
        assert look(runtime, execution.id).attempts("call") == ["KILLED"]


@pytest.mark.parametrize("section", ["afterExecution", "finally"])
def test_what_a_failure_left_waiting_in_what_comes_last_is_ended(tmp_path: Path, section: str) -> None:
    """The answer to the write by which it begins to wait is lost: nobody looks whether it was cut short."""
    failed, begun = Event(), Event()

    def waits(_: RunContext) -> dict[str, Any]:
        begun.set()
        failed.wait(30)
        raise TaskFailure("not yet")

    def fails(_: RunContext) -> dict[str, Any]:
        begun.wait(30)
        raise TaskFailure("at once")

    both = par("both", probe("waits", waits, retry=constant("PT30S", maxAttempts=9)), probe("fails", fails))
    around = Around(table=lambda table: AnswersLost(table, "waits"))  # type: ignore[arg-type,return-value]
    with engine(tmp_path, around=around) as runtime:
        execution = start(runtime, flow(log("a"), **{section: [both]}))
        deadline = monotonic() + 30
        while look(runtime, execution.id).states().get("both") != "FAILED":
            assert monotonic() < deadline
        end_of(runtime, execution.id)
        failed.set()
        while "RETRYING" not in look(runtime, execution.id).states().values():
            assert monotonic() < deadline
        assert [each.id for each in open_executions(runtime.life)] == [execution.id]
        with mock.patch.object(sweep, "GRACE", timedelta(days=-1)):
            sweep.sweep(runtime.life, runtime.machines.has_ended)
        ran = look(runtime, execution.id)
    assert (ran.state, ran.states()["waits"]) == ("SUCCESS", "KILLED")
