"""Real processes, killed at random moments: executions go on in whichever lives, and end as they would have."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from crash.processes import Server
from engine.running import Ran, engine, look, save
from engine.sources import allow, constant, each, fail, flow, log, par, ret, seq, sleep
from thermik.executions.slots import Slots
from thermik.identity import new_id
from thermik.local.runtime import Runtime
from thermik.worker.arrival import EARLY

KILLS = 25 if os.environ.get("THERMIK_HYPOTHESIS") == "thorough" else 3
PATIENCE = 60.0

SOURCE = flow(
    ret("first"),
    each("loop", ["1", "2", "3"], sleep("nap", "PT0.01S"), log("say", "{{ taskrun.value }}")),
    par("both", seq("left", log("l1"), sleep("l2", "PT0.05S")), log("right")),
    each("at_once", "{{ range(1, 8) }}", sleep("short", "PT0.02S"), concurrencyLimit=4),
    allow("tolerant", fail("t", retry=constant("PT0.1S", maxAttempts=2)), errors=[log("told")]),
    log("last", "{{ outputs.first.value }}"),
)
EXPECTED = {
    "first": "SUCCESS",
    "loop": "SUCCESS",
    "both": "SUCCESS",
    "left": "SUCCESS",
    "l1": "SUCCESS",
    "l2": "SUCCESS",
    **{f"{name}[{value}]": "SUCCESS" for name in ("nap", "say") for value in (1, 2, 3)},
    **{f"short[{value}]": "SUCCESS" for value in range(1, 9)},
    "right": "SUCCESS",
    "at_once": "SUCCESS",
    "tolerant": "WARNING",
    "t": "FAILED",
    "told": "SUCCESS",
    "last": "SUCCESS",
}


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Runtime]:
    """A process on the same directory that runs nothing and takes nothing over."""
    with engine(tmp_path) as runtime:
        yield runtime


def until_ended(watching: Runtime, ids: list[str]) -> list[Ran]:
    deadline = time.monotonic() + PATIENCE
    while True:
        seen = [look(watching, each_id) for each_id in ids]
        if all(ran.execution.state.is_terminal for ran in seen):
            return seen
        assert time.monotonic() < deadline, [(ran.history, ran.states()) for ran in seen]
        time.sleep(0.05)


def check(ran: Ran) -> None:
    """It ended as it would have; an attempt was lost where its process died, and nothing ran twice."""
    assert ran.state == "WARNING"
    assert ran.states() == EXPECTED
    said = Counter(entry["taskRunId"] for entry in ran.logs if entry["level"] == "INFO")
    for run in ran.task_runs:
        states = [attempt.state.current.value for attempt in run.attempts or ()]
        lost = states.count("RESUBMITTED")
        assert len(states) - lost == {"t": 2}.get(run.task_id, 1 if run.attempts is not None else 0) or (
            run.task_id == "t" and states[-1] == "FAILED"
        )
        assert said[run.id] <= len(states)


def test_a_server_killed_again_and_again(tmp_path: Path, watching: Runtime) -> None:
    seed = random.randrange(10_000)
    print(f"seed {seed}")
    moments = random.Random(seed)
    names = save(watching, SOURCE)
    ids: list[str] = []
    over: dict[str, object] = {}
    server = Server(tmp_path, names)
    for _ in range(KILLS):
        for _ in range(2):
            ids.append(new_id())
            server.create(ids[-1])
        time.sleep(moments.uniform(0, 0.6))
        server.kill()
        ended = [run for each_id in ids for run in look(watching, each_id).task_runs if run.state.is_terminal]
        assert all(over.get(run.id, run) == run for run in ended)
        over |= {run.id: run for run in ended}
        server = Server(tmp_path, names)
    seen = until_ended(watching, ids)
    assert server.end() == 0
    for ran in seen:
        check(ran)
    assert {run.id: run for ran in seen for run in ran.task_runs if run.id in over} == over


def test_whoever_lives_takes_over_and_nobody_else_does(tmp_path: Path, watching: Runtime) -> None:
    names = save(watching, SOURCE)
    first, second = Server(tmp_path, names), Server(tmp_path, names)
    ids = [new_id() for _ in range(6)]
    for number, each_id in enumerate(ids):
        (first, second)[number % 2].create(each_id)
    owners = {each_id: look(watching, each_id).execution.progress.owner for each_id in ids}
    assert len(set(owners.values())) == 2
    first.kill()
    seen = until_ended(watching, ids)
    assert second.end() == 0
    for ran in seen:
        check(ran)
    for ran in seen:  # what the second one had was never taken from it
        if owners[ran.id] == owners[ids[1]]:
            assert ran.execution.progress.owner == owners[ran.id]
            assert all(
                attempt.state.current != "RESUBMITTED" for run in ran.task_runs for attempt in run.attempts or ()
            )


def test_a_killed_process_leaves_no_slot_behind(tmp_path: Path, watching: Runtime) -> None:
    names = save(watching, flow(sleep("a", "PT0.2S"), concurrency={"limit": 1}))
    server = Server(tmp_path, names)
    ids = [new_id() for _ in range(3)]
    for each_id in ids:
        server.create(each_id)
    server.kill()
    server = Server(tmp_path, names)
    seen = until_ended(watching, ids)
    assert server.end() == 0
    assert [ran.state for ran in seen] == ["SUCCESS"] * 3
    assert Slots(watching.table, "company.team", "sample")._holders()[1] == []


def test_a_retry_that_waits_survives_and_keeps_its_date(tmp_path: Path, watching: Runtime) -> None:
    names = save(
        watching, flow(fail("a", condition="{{ taskrun.attemptsCount < 1 }}", retry=constant("PT1.5S")), log("b"))
    )
    server = Server(tmp_path, names)
    execution_id = new_id()
    server.create(execution_id)
    deadline = time.monotonic() + PATIENCE
    while look(watching, execution_id).state != "RETRYING":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    due = look(watching, execution_id).run("a").progress.retry_at
    server.kill()
    server = Server(tmp_path, names)
    (ran,) = until_ended(watching, [execution_id])
    server.end()
    assert ran.states() == {"a": "SUCCESS", "b": "SUCCESS"}
    attempts = ran.run("a").attempts or ()
    assert [attempt.state.current.value for attempt in attempts] == ["FAILED", "SUCCESS"]
    assert due is not None
    assert attempts[1].state.start_date >= due - EARLY


TWICE = """
if [ -e {pids} ]; then
  for pid in $(cat {pids}); do if grep -qs . /proc/$pid/cmdline; then echo "$pid" >> {beside}; fi; done
else
  setsid sleep 600 & echo $! > {pids}.new; echo $$ >> {pids}.new; mv {pids}.new {pids}
  while sleep 0.01; do echo $$ >> {written}; done
fi
"""


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_what_a_killed_process_left_running_is_gone_before_the_second_attempt(
    tmp_path: Path, watching: Runtime
) -> None:
    pids = tmp_path / "pids"
    script = TWICE.format(pids=pids, beside=tmp_path / "beside", written=tmp_path / "written")
    names = save(
        watching, flow({"id": "script", "type": "io.kestra.plugin.scripts.shell.Commands", "commands": [script]})
    )
    server = Server(tmp_path, names)
    execution_id = new_id()
    server.create(execution_id)
    deadline = time.monotonic() + PATIENCE
    while not pids.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    server.kill()
    left = [Path(f"/proc/{pid}/cmdline") for pid in pids.read_text().split()]
    assert all(path.read_bytes() for path in left), "the test's script does not outlive its worker"
    server = Server(tmp_path, names)
    (ran,) = until_ended(watching, [execution_id])
    assert server.end() == 0
    assert ran.states() == {"script": "SUCCESS"}
    states = [attempt.state.current.value for attempt in ran.run("script").attempts or ()]
    assert states == ["RESUBMITTED", "SUCCESS"]
    assert not (tmp_path / "beside").exists()
