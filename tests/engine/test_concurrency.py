"""A flow's concurrency limit: who waits, who is refused, and that a slot is never lost."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from engine.probe import Gate, probe
from engine.running import engine, look, save, start, until_state
from engine.sources import fail, flow, log
from thermik.executions.changes import delete
from thermik.executions.kill import kill
from thermik.executions.left_behind import go_on
from thermik.executions.lifecycle import NewExecution, create
from thermik.executions.queue import unqueue
from thermik.executions.slots import Slots
from thermik.executions.state import StateType
from thermik.local.runtime import Runtime
from thermik.worker import finish


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    with engine(tmp_path) as started:
        yield started


def limited(gate: Gate, limit: int = 1, **concurrency: Any) -> str:
    return flow(probe("work", gate), concurrency={"limit": limit, **concurrency})


def holders(runtime: Runtime) -> list[str]:
    return Slots(runtime.table, "company.team", "sample")._holders()[1]


def test_one_waits_for_the_other_in_order(runtime: Runtime) -> None:
    gate = Gate()
    names = save(runtime, limited(gate))
    executions = [create(runtime.life, NewExecution(*names)) for _ in range(3)]
    gate.await_begun()
    assert [look(runtime, each.id).state for each in executions] == ["RUNNING", "QUEUED", "QUEUED"]
    gate.open.set()
    ran = [until_state(runtime, each.id, "SUCCESS") for each in executions]
    assert [each.history for each in ran] == [
        ["CREATED", "RUNNING", "SUCCESS"],
        ["CREATED", "QUEUED", "RUNNING", "SUCCESS"],
        ["CREATED", "QUEUED", "RUNNING", "SUCCESS"],
    ]
    ends = [each.execution.state.end_date for each in ran]
    assert ends == sorted(ends)
    assert gate.runs["work"] == 3


@pytest.mark.parametrize(("behavior", "state"), [("CANCEL", "CANCELLED"), ("FAIL", "FAILED")])
def test_one_too_many_may_be_refused(runtime: Runtime, behavior: str, state: str) -> None:
    gate = Gate()
    names = save(runtime, limited(gate, behavior=behavior))
    first, second = (create(runtime.life, NewExecution(*names)) for _ in range(2))
    refused = look(runtime, second.id)
    assert refused.history == ["CREATED", state]
    assert refused.task_runs == []
    gate.open.set()
    until_state(runtime, first.id, "SUCCESS")


def test_a_failure_and_a_kill_give_the_slot_on(runtime: Runtime) -> None:
    gate = Gate()
    names = save(runtime, limited(gate))
    killed, queued_and_killed, last = (create(runtime.life, NewExecution(*names)) for _ in range(3))
    gate.await_begun()
    kill(runtime.life, queued_and_killed.id)
    assert look(runtime, queued_and_killed.id).history == ["CREATED", "QUEUED", "KILLING", "KILLED"]
    kill(runtime.life, killed.id)
    assert until_state(runtime, last.id, "SUCCESS").history == ["CREATED", "QUEUED", "RUNNING", "SUCCESS"]
    until_free(runtime)


def test_a_failed_execution_gives_its_slot_on(runtime: Runtime) -> None:
    names = save(runtime, flow(fail("a"), concurrency={"limit": 1}))
    executions = [create(runtime.life, NewExecution(*names)) for _ in range(4)]
    for each in executions:
        until_state(runtime, each.id, "FAILED")
    until_free(runtime)


def until_free(runtime: Runtime) -> None:
    """The slot is given up after the end is written."""
    runtime.machines.close(10)
    assert holders(runtime) == []


class Gone(Exception):
    """The process died here."""


@pytest.mark.parametrize("state", [StateType.RUNNING, StateType.CANCELLED])
@pytest.mark.parametrize("lasts", range(3))
def test_who_is_taken_out_of_the_queue_does_not_stay_between(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, state: StateType, lasts: int
) -> None:
    gate = Gate()
    names = save(runtime, limited(gate))
    first, queued = (create(runtime.life, NewExecution(*names)) for _ in range(2))
    gate.await_begun()
    with monkeypatch.context() as patch:
        write, writes = runtime.table.write, count()

        def dying(*given: Any) -> None:
            if next(writes) == lasts:
                raise Gone
            write(*given)

        patch.setattr(runtime.table, "write", dying)
        with suppress(Gone):
            unqueue(runtime.life, queued.id, state)
    gate.open.set()
    until_state(runtime, first.id, "SUCCESS")
    go_on(runtime.life, look(runtime, queued.id).execution)  # the sweep comes by
    until_state(runtime, queued.id, "SUCCESS" if state == StateType.RUNNING or not lasts else "CANCELLED")
    until_free(runtime)


def test_a_slot_of_a_deleted_execution_is_given_on(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    names = save(runtime, flow(log("a"), concurrency={"limit": 1}))
    with monkeypatch.context() as patch:
        patch.setattr(finish, "after_end", lambda *_args, **_named: None)  # it died right behind the end
        ended = create(runtime.life, NewExecution(*names))
        until_state(runtime, ended.id, "SUCCESS")
        queued = create(runtime.life, NewExecution(*names))
    assert look(runtime, queued.id).state == "QUEUED"
    delete(runtime.life, runtime.blobs, ended.id)
    until_state(runtime, queued.id, "SUCCESS")
    until_free(runtime)


def test_the_limit_holds_when_many_come_at_once(runtime: Runtime) -> None:
    working, most = 0, 0
    import threading

    lock = threading.Lock()

    def work(_context: Any) -> None:
        nonlocal working, most
        with lock:
            working += 1
            most = max(most, working)
        threading.Event().wait(0.005)
        with lock:
            working -= 1

    names = save(runtime, flow(probe("work", work), concurrency={"limit": 3}))
    with ThreadPoolExecutor(8) as pool:
        executions = list(pool.map(lambda _: create(runtime.life, NewExecution(*names)), range(20)))
    for each in executions:
        until_state(runtime, each.id, "SUCCESS")
    assert most <= 3
    until_free(runtime)


def test_other_flows_are_not_limited(runtime: Runtime) -> None:
    gate = Gate()
    start(runtime, limited(gate))
    gate.await_begun()
    other = start(runtime, flow(log("a"), id="other", concurrency={"limit": 1}))
    until_state(runtime, other.id, "SUCCESS")
    gate.open.set()
