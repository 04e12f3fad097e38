"""A kill before or behind any operation of any flow: only `afterExecution` begins afterwards, nothing stays open."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, event, given, note, settings
from hypothesis import strategies as st

from engine.random_flows import flows
from engine.running import WAIT_SECONDS, Handle, engine, look, start
from thermik.executions import sweep
from thermik.executions.kill import kill
from thermik.flows.tree import AFTER_EXECUTION, FlowTree
from thermik.local.interpreter import SkippingClock
from thermik.local.runtime import Runtime
from thermik.worker.call import read_call


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    with engine(Path(tmp_path_factory.mktemp("data")), clock=SkippingClock()) as started:
        yield started


class Killing:
    """Kills the execution at its n-th operation, and knows what was there by then."""

    def __init__(self, runtime: Runtime, handle: Handle, step: int, *, behind: bool) -> None:
        self._runtime = runtime
        self._handle = handle
        self._left = step
        self._behind = behind
        self._lock = threading.Lock()
        self._inside: list[str] = []
        self.killed = False
        self.known: set[str] = set()
        """The task runs that there were, and the tasks that operations were at."""

    def __call__(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            self._left -= 1
            is_it = self._left == 0
            self._inside.append(payload["t"])
        try:
            if is_it and not self._behind:
                self._kill(payload)
            return self._handle(payload)
        finally:
            if is_it and self._behind:
                self._kill(payload)
            with self._lock:
                self._inside.remove(payload["t"])

    def _kill(self, payload: Mapping[str, Any]) -> None:
        execution_id = read_call(payload).execution_id
        self.killed = not look(self._runtime, execution_id).execution.state.is_terminal
        with self._lock:
            own = [] if self._behind else [payload["t"]]
            inside = [each for each in self._inside if each not in own]
        kill(self._runtime.life, execution_id)
        self.known = {*inside, *(run.id for run in look(self._runtime, execution_id).task_runs)}


@given(flow=flows(), step=st.integers(1, 25), behind=st.booleans())
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_a_kill_at_any_operation_of_any_flow(
    runtime: Runtime, flow: Mapping[str, Any], step: int, behind: bool
) -> None:
    note(json.dumps(flow))
    handle = runtime.worker.handle
    killing = Killing(runtime, handle, step, behind=behind)
    with mock.patch.object(runtime.worker, "handle", killing):
        execution = start(runtime, json.dumps(flow))
        _until_quiet(runtime, execution.id)
    with mock.patch.object(sweep, "GRACE", timedelta(days=-1)):
        runtime._sweep()
    ran = look(runtime, execution.id)
    assert all(run.state.is_terminal for run in ran.task_runs), ran.states()
    event("killed" if killing.killed else "over before")
    if killing.killed:
        assert ran.history[-2:] == ["KILLING", "KILLED"]
        tree = FlowTree(runtime.life.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision).flow)
        later = [run.task_id for run in ran.task_runs if not {run.id, run.task_id} & killing.known]
        assert [each for each in later if not _comes_after(tree, each)] == []


def _comes_after(tree: FlowTree, task_id: str) -> bool:
    node = tree[task_id]
    return any(each.branch == AFTER_EXECUTION for each in (node, *node.ancestors()))


def _until_quiet(runtime: Runtime, execution_id: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    engine_of = runtime.machines.engine
    while not look(runtime, execution_id).execution.state.is_terminal or engine_of.runs_any() or engine_of._pool._load:
        assert time.monotonic() < deadline
        time.sleep(0.002)
