"""Real servers, killed in the middle of everything that an execution can be in the middle of: all of it goes on."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.sources import constant, each, fail, flow, log, sleep
from flows.thermik_server import Server, running

VALUES = 300
PAUSE = {"id": "wait", "type": "io.kestra.plugin.core.flow.Pause", "pauseDuration": "PT3S"}
TEAM = "company.team"

LOOP = each("loop", f"{{{{ range(1, {VALUES}) }}}}", log("say", "{{ taskrun.value }}"), concurrencyLimit=20)
FLOWS = {
    "looping": flow(LOOP, log("after"), id="looping"),
    "retrying": flow(fail("a", condition="{{ taskrun.attemptsCount < 1 }}", retry=constant("PT3S")), id="retrying"),
    "pausing": flow(PAUSE, log("after"), id="pausing"),
    "limited": flow(sleep("nap", "PT2S"), id="limited", concurrency={"limit": 1}),
}


def until(server: Server, execution: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The execution once something holds of it."""
    deadline = time.monotonic() + 30
    while not holds(found := server.json("GET", f"/executions/{execution}")):
        assert time.monotonic() < deadline, found["state"]
        time.sleep(0.02)
    return dict(found)


def until_state(server: Server, execution: str, state: str) -> None:
    until(server, execution, lambda found: bool(found["state"]["current"] == state))


def start_all(server: Server) -> dict[str, list[str]]:
    """Executions in the middle of a loop, of waits, and of a queue."""
    for source in FLOWS.values():
        server.put_flow(source)
    started = {
        name: [server.start(TEAM, name)["id"] for _ in range(times)]
        for name, times in (("retrying", 1), ("pausing", 1), ("limited", 3), ("looping", 1))
    }
    until(server, started["looping"][0], lambda found: 20 < len(found["taskRunList"]) < VALUES)
    return started


def check_all(server: Server, started: dict[str, list[str]]) -> None:
    """Everything ended as it would have."""
    ended = {name: [server.until(each_id) for each_id in ids] for name, ids in started.items()}
    for executions in ended.values():
        for execution in executions:
            assert execution["state"]["current"] == "SUCCESS"
    (looping,) = ended["looping"]
    said = Counter(run["value"] for run in looping["taskRunList"] if run["taskId"] == "say")
    assert said == {str(value): 1 for value in range(1, VALUES + 1)}
    attempts = [attempt["state"]["current"] for run in looping["taskRunList"] for attempt in run.get("attempts") or ()]
    assert set(attempts) <= {"SUCCESS", "RESUBMITTED"}
    assert attempts.count("SUCCESS") == VALUES + 1
    (retrying,) = ended["retrying"]
    (run,) = retrying["taskRunList"]
    assert [attempt["state"]["current"] for attempt in run["attempts"]] == ["FAILED", "SUCCESS"]
    assert [entry["state"] for entry in retrying["state"]["histories"]].count("RETRYING") == 1
    (pausing,) = ended["pausing"]
    assert [entry["state"] for entry in pausing["state"]["histories"]].count("PAUSED") == 1
    for earlier, later in zip(ended["limited"], ended["limited"][1:], strict=False):
        running_again = [entry["date"] for entry in later["state"]["histories"] if entry["state"] == "RUNNING"]
        assert running_again[0] >= earlier["state"]["endDate"]


def test_a_server_killed_in_the_middle_goes_on_when_it_is_started_again(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        started = start_all(server)
        until_state(server, started["retrying"][0], "RETRYING")
        until_state(server, started["pausing"][0], "PAUSED")
        server.process.kill()
        server.process.wait(30)
    with running(tmp_path) as server:
        check_all(server, started)
        assert server.process.poll() is None


def test_a_server_beside_goes_on_with_what_the_killed_one_had(tmp_path: Path) -> None:
    with running(tmp_path) as other, running(tmp_path) as killed:
        started = start_all(killed)
        assert other.json("GET", f"/executions/{started['pausing'][0]}")["state"]["current"] in {"RUNNING", "PAUSED"}
        killed.process.kill()
        killed.process.wait(30)
        check_all(other, started)
