"""Two processes on one data directory: what one does to an execution reaches the machine in the other's memory.

Here both are runtimes in one process, on one directory: each has its own token, engine and connection.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.probe import Gate, probe
from engine.running import Ran, engine, look, save, start, until_state
from engine.sources import flow, log
from thermik.executions.kill import kill
from thermik.executions.lifecycle import NewExecution, create
from thermik.executions.model import Execution
from thermik.executions.pausing import pause, resume
from thermik.executions.queue import force_run, unqueue
from thermik.executions.revival import restart
from thermik.local.runtime import Runtime
from thermik.local.takeover import take_over
from thermik.storage import schema
from thermik.storage.table import Index, Record

PAUSE = {"id": "wait", "type": "io.kestra.plugin.core.flow.Pause"}
SECONDS = 20


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Runtime]:
    """The process that runs what the tests start."""
    with engine(tmp_path) as runtime:
        runtime.read_mail()
        yield runtime


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Runtime]:
    """Another process on the directory, which reads no mail, takes over nothing, and runs nothing by itself."""
    with engine(tmp_path) as runtime:
        yield runtime


def paused(runtime: Runtime, source: str) -> Execution:
    """An execution whose Pause waits with its token."""
    execution = start(runtime, source)
    until_state(runtime, execution.id, "PAUSED")
    until(lambda: look(runtime, execution.id).run("wait").progress.token is not None)
    return execution


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def letters(runtime: Runtime, process: str) -> list[dict[str, object]]:
    return [record.body for record in runtime.table.query(schema.mail_partition(process)).records]


def ended(runtime: Runtime, execution: Execution) -> Ran:
    return until_state(runtime, execution.id, "SUCCESS")


def runs_in(runtime: Runtime, execution: Execution) -> bool:
    return runtime.machines.runs(runtime.life.executions.execution(execution.id).value)


def test_a_pause_is_resumed_from_another_process(owner: Runtime, other: Runtime) -> None:
    execution = paused(owner, flow(PAUSE, log("after")))
    resume(other.life, execution.id)
    assert ended(owner, execution).states() == {"wait": "SUCCESS", "after": "SUCCESS"}
    assert not runs_in(other, execution)
    until(lambda: letters(other, owner.process.token) == [])


def test_a_letter_that_comes_twice_changes_nothing(owner: Runtime, other: Runtime) -> None:
    execution = paused(owner, flow(PAUSE, log("after")))
    token = look(owner, execution.id).run("wait").progress.token
    resume(other.life, execution.id)
    other.mail.send(owner.process.token, {"answer": token, "output": {}})
    other.mail.send(owner.process.token, {"run": execution.id})
    other.mail.send(owner.process.token, {"run": "nobody"})
    other.mail.send(owner.process.token, {"stop": "nobody", "cause": "it is not there"})
    ran = ended(owner, execution)
    until(lambda: letters(other, owner.process.token) == [])
    assert look(owner, execution.id) == ran


def test_a_pause_whose_process_dies_before_it_reads_is_over_for_whoever_takes_over(
    tmp_path: Path, other: Runtime
) -> None:
    with engine(tmp_path) as dying:  # it reads no mail
        execution = paused(dying, flow(PAUSE, log("after")))
        resume(other.life, execution.id)
        assert len(letters(other, dying.process.token)) == 1
    assert take_over(other.life, other.process.lives) == 1
    assert ended(other, execution).states() == {"wait": "SUCCESS", "after": "SUCCESS"}


def test_a_kill_from_another_process_ends_what_works_and_what_waits(owner: Runtime, other: Runtime) -> None:
    gate = Gate()
    working, waiting = start(owner, flow(probe("work", gate))), paused(owner, flow(PAUSE, id="waiting"))
    gate.await_begun()
    for execution in (working, waiting):
        kill(other.life, execution.id)
        assert look(other, execution.id).state == "KILLED"
    assert gate.open.wait(SECONDS), "the task was not interrupted"
    until(lambda: not runs_in(owner, working) and not runs_in(owner, waiting))
    assert look(owner, waiting.id).states() == {"wait": "KILLED"}


def test_a_pause_by_hand_and_its_resume_come_from_another_process(owner: Runtime, other: Runtime) -> None:
    gate = Gate()
    execution = start(owner, flow(probe("work", gate), log("after")))
    gate.await_begun()
    pause(other.life, execution.id)
    gate.open.set()
    until(lambda: look(owner, execution.id).states() == {"work": "SUCCESS"})
    resumed = resume(other.life, execution.id)
    assert resumed.progress.owner == owner.process.token
    assert ended(owner, execution).states() == {"work": "SUCCESS", "after": "SUCCESS"}
    assert not runs_in(other, execution)


def test_a_paused_execution_is_restarted_in_another_process(owner: Runtime, other: Runtime) -> None:
    execution = paused(owner, flow(PAUSE, log("after")))
    restart(other.life, execution.id)  # which ends its pause
    until(lambda: not owner.machines.runs(execution))
    assert ended(other, execution).states() == {"wait": "SUCCESS", "after": "SUCCESS"}


def test_a_subflow_ends_in_another_process_than_its_parent(owner: Runtime, other: Runtime) -> None:
    save(owner, flow(PAUSE, id="child"))
    where = {"namespace": "company.team", "flowId": "child", "wait": True}
    call = {"id": "call", "type": "io.kestra.plugin.core.flow.Subflow", **where}
    namespace, _, _ = save(owner, flow(call, log("after"), id="parent"))
    parent = create(owner.life, NewExecution(namespace, "parent", 1))

    def children() -> list[Record]:
        return owner.table.query(schema.children_partition(parent.id), index=Index.THIRD).records

    until(lambda: len(children()) == 1)
    child = children()[0].body["id"]
    until_state(owner, child, "PAUSED")
    restart(other.life, child)  # which ends its pause; from now on the other process runs it
    assert until_state(other, child, "SUCCESS").execution.progress.owner == other.process.token
    assert ended(owner, parent).states() == {"call": "SUCCESS", "after": "SUCCESS"}


@pytest.mark.parametrize("let_run", [unqueue, force_run])
def test_a_queued_execution_runs_in_the_process_that_has_it(
    owner: Runtime, other: Runtime, let_run: Callable[..., Execution]
) -> None:
    limited = flow(PAUSE, concurrency={"limit": 1, "behavior": "QUEUE"})
    paused(other, limited)
    queued = start(owner, limited)
    until_state(owner, queued.id, "QUEUED")
    let_run(other.life, queued.id)
    until_state(owner, queued.id, "PAUSED")
    assert runs_in(owner, queued)


def test_the_next_in_the_queue_runs_where_it_waits(owner: Runtime, other: Runtime) -> None:
    limited = flow(PAUSE, concurrency={"limit": 1, "behavior": "QUEUE"})
    first = paused(other, limited)
    queued = start(owner, limited)
    until_state(owner, queued.id, "QUEUED")
    kill(other.life, first.id)
    until_state(owner, queued.id, "PAUSED")
    assert runs_in(owner, queued)


def _held(runtime: Runtime, _: Runtime) -> None:
    execution = start(runtime, flow(probe("work", gate := Gate()), log("after")))
    gate.await_begun()
    pause(runtime.life, execution.id)
    gate.open.set()


def _queued(runtime: Runtime, other: Runtime) -> None:
    names = save(other, flow(PAUSE, id="limited", concurrency={"limit": 1}))
    until_state(other, create(other.life, NewExecution(*names)).id, "PAUSED")
    until_state(runtime, create(runtime.life, NewExecution(*names)).id, "QUEUED")


def _ended(runtime: Runtime, _: Runtime) -> None:
    until_state(runtime, start(runtime, flow(log("a"))).id, "SUCCESS")


@pytest.mark.parametrize(("left", "is_told"), [(_held, True), (_queued, True), (_ended, False)])
def test_a_process_that_ends_tells_that_it_leaves_executions_without_a_machine(
    tmp_path: Path, other: Runtime, left: Callable[[Runtime, Runtime], None], is_told: bool
) -> None:
    """So a server takes them over at its next look, within a second, not at the one that it takes each minute."""
    with engine(tmp_path) as runtime:
        left(runtime, other)
        until(lambda: not runtime.machines.engine.runs_any())
    assert other.process.dead() == ([runtime.process.token] if is_told else [])
