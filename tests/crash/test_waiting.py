"""Hundreds of executions that wait: no thread each, and all go on in the process that comes after."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from engine.running import engine, look, save
from engine.sources import constant, fail, flow, log
from thermik.executions.left_behind import open_executions
from thermik.executions.lifecycle import NewExecution, create
from thermik.local.interpreter import SkippingClock
from thermik.local.runtime import WORKERS, Runtime
from thermik.local.takeover import take_over

EXECUTIONS = 500
PATIENCE = 60.0

PAUSE = {"id": "wait", "type": "io.kestra.plugin.core.flow.Pause", "pauseDuration": "P1D"}
RETRIED = fail("wait", condition="{{ taskrun.attemptsCount < 1 }}", retry=constant("P1D"))
WAITING = {"PAUSED", "RETRYING"}


def states(runtime: Runtime) -> list[str]:
    return [execution.state.current.value for execution in open_executions(runtime.life)]


def test_what_waits_takes_no_thread_and_goes_on_elsewhere(tmp_path: Path) -> None:
    before = threading.active_count()
    with engine(tmp_path) as runtime:
        names = [save(runtime, flow(task, log("after"), id=name)) for name, task in (("p", PAUSE), ("r", RETRIED))]
        ids = [create(runtime.life, NewExecution(*names[index % 2])).id for index in range(EXECUTIONS)]
        deadline = time.monotonic() + PATIENCE
        while set(states(runtime)) != WAITING:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert threading.active_count() - before <= WORKERS + 8
    with engine(tmp_path, clock=SkippingClock()) as runtime:
        assert take_over(runtime.life, runtime.process.lives) == EXECUTIONS
        assert threading.active_count() - before <= WORKERS + 8
        deadline = time.monotonic() + PATIENCE
        while states(runtime):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        ended = [look(runtime, each_id) for each_id in ids]
    assert {ran.state for ran in ended} == {"SUCCESS"}
    assert {len(ran.run("wait").attempts or ()) for ran in ended[1::2]} == {2}
    assert {tuple(ran.states()) for ran in ended} == {("wait", "after")}
