"""WorkingDirectory: one directory and one invocation for several tasks."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine import sources
from engine.faults import Death, When
from engine.probe import probe
from engine.running import Around, Handle, end_of, engine, history_of, look, run, start
from engine.test_crashes import _first_life as first_life
from thermik.executions.kill import kill
from thermik.executions.replay import replay
from thermik.executions.revival import restart
from thermik.identity import new_id
from thermik.local.runtime import Runtime
from thermik.local.takeover import take_over
from thermik.storage import internal
from thermik.tasks.runnable import RunContext


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    with engine(Path(tmp_path_factory.mktemp("data"))) as started:
        yield started


HEAD = """
id: {id}
namespace: io.kestra.tests
tasks:
  - id: wdir
    type: io.kestra.plugin.core.flow.WorkingDirectory
"""


def flow(name: str, body: str) -> str:
    return HEAD.replace("{id}", name) + body


WRITES = """
      - id: write
        type: io.kestra.plugin.core.storage.LocalFiles
        inputs: {data.txt: written}
"""
READS = """
      - id: read
        type: io.kestra.plugin.scripts.shell.Commands
        taskRunner: {type: io.kestra.plugin.core.runner.Process}
        commands:
          - "echo '::{\\"outputs\\":{\\"seen\\":\\"'$(cat data.txt)'\\"}}::'"
"""


def test_a_later_task_sees_the_files_of_an_earlier_one(runtime: Runtime) -> None:
    ran = run(runtime, flow("wd-shared", "    tasks:" + WRITES + READS))
    assert ran.states() == {"wdir": "SUCCESS", "write": "SUCCESS", "read": "SUCCESS"}
    assert (ran.run("read").outputs or {})["vars"] == {"seen": "written"}
    assert ran.run("read").parent_task_run_id == ran.run("wdir").id
    assert ran.run("wdir").attempts is None
    assert history_of(ran.run("wdir")) == ["CREATED", "RUNNING", "SUCCESS"]


def test_a_file_that_became_an_output_is_gone_from_the_directory(runtime: Runtime) -> None:
    body = """
    outputFiles: ["*.txt"]
    tasks:
      - id: first
        type: io.kestra.plugin.core.storage.LocalFiles
        inputs: {a.txt: a, b.txt: b}
        outputs: [a.txt]
      - {id: last, type: io.kestra.plugin.core.log.Log, message: x}
"""
    ran = run(runtime, flow("wd-moved", body))
    assert list((ran.run("first").outputs or {})["uris"]) == ["a.txt"]
    assert list((ran.run("wdir").outputs or {})["outputFiles"]) == ["b.txt"]


def test_a_failed_child_stops_the_rest_and_what_was_left_is_kept(runtime: Runtime) -> None:
    body = """
    outputFiles: ["*.txt"]
    errors:
      - id: handler
        type: io.kestra.plugin.core.log.Log
        message: "kept {{ outputs.wdir.outputFiles['data.txt'] is defined }}"
    tasks:
"""
    fails = """
      - id: fails
        type: io.kestra.plugin.core.execution.Fail
"""
    ran = run(runtime, flow("wd-failing", body + WRITES + fails + READS))
    assert ran.states() == {"wdir": "FAILED", "write": "SUCCESS", "fails": "FAILED", "handler": "SUCCESS"}
    assert ran.logged("handler") == ["kept true"]
    assert ran.state == "FAILED"


def test_a_child_may_be_skipped_or_fail_where_that_is_allowed(runtime: Runtime) -> None:
    body = """
    tasks:
      - {id: skipped, type: io.kestra.plugin.core.log.Log, message: never, runIf: "{{ false }}"}
      - {id: fails, type: io.kestra.plugin.core.execution.Fail, allowFailure: true}
      - {id: last, type: io.kestra.plugin.core.log.Log, message: here}
"""
    ran = run(runtime, flow("wd-tolerant", body))
    assert ran.states() == {"wdir": "WARNING", "skipped": "SKIPPED", "fails": "WARNING", "last": "SUCCESS"}


def test_a_child_that_cannot_be_decided_has_no_task_run_and_fails_the_directory(runtime: Runtime) -> None:
    body = """
    outputFiles: ["data.txt"]
    tasks:
"""
    unclear = """
      - {id: unclear, type: io.kestra.plugin.core.log.Log, message: never, runIf: "{{ nothing_such }}"}
      - {id: last, type: io.kestra.plugin.core.log.Log, message: never}
"""
    ran = run(runtime, flow("wd-unclear", body + WRITES + unclear))
    assert (ran.states(), ran.state) == ({"wdir": "FAILED", "write": "SUCCESS"}, "FAILED")
    assert any("runIf of task unclear" in message for message in ran.logged("wdir", "ERROR"))
    restart(runtime.life, ran.id)
    assert end_of(runtime, ran.id).states() == {"wdir": "FAILED", "write": "SUCCESS"}


def test_a_retry_waits_in_the_same_directory(runtime: Runtime) -> None:
    body = """
    tasks:
      - id: second_time_lucky
        type: io.kestra.plugin.scripts.shell.Commands
        taskRunner: {type: io.kestra.plugin.core.runner.Process}
        retry: {type: constant, interval: PT0.2S, maxAttempt: 3}
        commands: ["test -f there || { touch there; exit 1; }"]
"""
    ran = run(runtime, flow("wd-retry", body))
    assert ran.attempts("second_time_lucky") == ["FAILED", "SUCCESS"]
    assert ran.states() == {"wdir": "SUCCESS", "second_time_lucky": "SUCCESS"}
    assert ran.history == ["CREATED", "RUNNING", "RETRYING", "RUNNING", "SUCCESS"]


def test_what_cannot_be_prepared_fails_the_directory_itself(runtime: Runtime) -> None:
    body = '    inputFiles: {a.txt: "{{ nothing_such }}"}\n    tasks:' + WRITES
    ran = run(runtime, flow("wd-unprepared", body))
    assert ran.states() == {"wdir": "FAILED"}
    assert any("nothing_such" in message for message in ran.logged("wdir", "ERROR"))


def test_a_path_that_leaves_the_directory_is_refused(runtime: Runtime) -> None:
    ran = run(runtime, flow("wd-outside", '    inputFiles: {../a.txt: "x"}\n    tasks:' + WRITES))
    assert ran.states() == {"wdir": "FAILED"}


def test_the_directory_itself_may_be_skipped(runtime: Runtime) -> None:
    ran = run(runtime, flow("wd-skipped", '    runIf: "{{ false }}"\n    tasks:' + WRITES))
    assert ran.states() == {"wdir": "SKIPPED"}
    assert ran.state == "SUCCESS"


@pytest.mark.parametrize(("properties", "state"), [("", "FAILED"), ("    allowFailure: true\n", "WARNING")])
def test_a_directory_that_cannot_be_decided_runs_no_errors(runtime: Runtime, properties: str, state: str) -> None:
    """As with every flowable: there was nothing in it that could have failed."""
    body = """
    runIf: "{{ nothing_such }}"
    errors:
      - {id: handler, type: io.kestra.plugin.core.log.Log, message: never}
    finally:
      - {id: at_last, type: io.kestra.plugin.core.log.Log, message: done}
    tasks:
"""
    ran = run(runtime, flow("wd-undecided", properties + body.lstrip("\n") + WRITES))
    assert (ran.state, ran.states()) == (state, {"wdir": state, "at_last": "SUCCESS"})
    assert any("nothing_such" in message for message in ran.logged("wdir", "ERROR"))


def test_finally_runs_after_the_directory(runtime: Runtime) -> None:
    body = """
    runIf: "{{ true }}"
    finally:
      - {id: at_last, type: io.kestra.plugin.core.log.Log, message: done}
    tasks:
"""
    ran = run(runtime, flow("wd-finally", body + WRITES))
    assert ran.states() == {"wdir": "SUCCESS", "write": "SUCCESS", "at_last": "SUCCESS"}


CACHED = """
    cache:
      patterns: [node/**]
      ttl: PT5m
    tasks:
      - id: count
        type: io.kestra.plugin.scripts.shell.Commands
        taskRunner: {type: io.kestra.plugin.core.runner.Process}
        commands:
          - mkdir -p node/bin
          - echo x >> node/lines
          - "test -x node/bin/tool || { touch node/bin/tool; chmod +x node/bin/tool; }"
          - "echo '::{\\"outputs\\":{\\"lines\\":'$(wc -l < node/lines)'}}::'"
"""


def test_a_cache_goes_from_one_execution_to_the_next(runtime: Runtime) -> None:
    lines = []
    for _ in range(3):
        ran = run(runtime, flow("wd-cache", CACHED))
        assert ran.state == "SUCCESS"
        lines.append((ran.run("count").outputs or {})["vars"]["lines"])
    assert lines == [1, 2, 3]


def test_a_cache_that_cannot_be_read_begins_anew(runtime: Runtime) -> None:
    key = internal.cache_key("io.kestra.tests", "wd-cache-broken", "wdir", None)
    runtime.blobs.put(key, b"no zip")
    ran = run(runtime, flow("wd-cache-broken", CACHED))
    assert ran.state == "SUCCESS"
    assert (ran.run("count").outputs or {})["vars"]["lines"] == 1
    assert any("begins anew" in message for message in ran.logged("wdir", "WARN"))


NAMESPACED = """
    namespaceFiles:
      enabled: true
      include: ["queries/**", main.py]
      exclude: ["*.bak"]
    outputFiles: ["**"]
    tasks:
      - {id: nothing, type: io.kestra.plugin.core.log.Log, message: x}
"""


def test_namespace_files_are_there(runtime: Runtime) -> None:
    prefix = internal.namespace_files_prefix("io.kestra.tests")
    for path in ("main.py", "lib/main.py", "queries/a.sql", "queries/a.bak", "other.txt"):
        runtime.blobs.put(prefix + path, path.encode())
    ran = run(runtime, flow("wd-namespace", NAMESPACED))
    assert sorted((ran.run("wdir").outputs or {})["outputFiles"]) == ["lib/main.py", "main.py", "queries/a.sql"]


FAILS_ONCE = """
    tasks:
      - {id: first, type: io.kestra.plugin.core.log.Log, message: hello}
      - {id: fails, type: io.kestra.plugin.core.execution.Fail}
"""


def test_a_restart_runs_all_children_anew(runtime: Runtime) -> None:
    ran = run(runtime, flow("wd-restart", FAILS_ONCE))
    restart(runtime.life, ran.id)
    again = end_of(runtime, ran.id)
    assert again.states() == {"wdir": "FAILED", "first": "SUCCESS", "fails": "FAILED"}
    assert again.attempts("first") == ["SUCCESS"]
    assert again.logged("first") == ["hello", "hello"]
    assert history_of(again.run("wdir")) == ["CREATED", "RUNNING", "FAILED", "RESTARTED", "RUNNING", "FAILED"]


def test_a_replay_from_a_child_replays_the_whole(runtime: Runtime) -> None:
    ran = run(runtime, flow("wd-replay", "    tasks:" + WRITES + READS))
    new = replay(runtime.life, ran.id, from_task_run=ran.run("read").id)
    again = end_of(runtime, new.id)
    assert again.states() == {"wdir": "SUCCESS", "write": "SUCCESS", "read": "SUCCESS"}
    assert (again.run("read").outputs or {})["vars"] == {"seen": "written"}


def test_a_kill_ends_the_child_at_work_and_starts_no_other(runtime: Runtime) -> None:
    body = """
    tasks:
      - {id: sleeps, type: io.kestra.plugin.core.flow.Sleep, duration: PT60S}
      - {id: never, type: io.kestra.plugin.core.log.Log, message: x}
"""
    execution = start(runtime, flow("wd-kill", body))
    while "sleeps" not in look(runtime, execution.id).states():
        threading.Event().wait(0.02)
    kill(runtime.life, execution.id)
    ran = end_of(runtime, execution.id)
    assert ran.state == "KILLED"
    assert ran.states() == {"wdir": "KILLED", "sleeps": "KILLED"}


def test_a_failure_beside_it_lets_the_child_at_work_end_and_starts_no_other(runtime: Runtime) -> None:
    source = """
id: wd-beside
namespace: io.kestra.tests
tasks:
  - id: both
    type: io.kestra.plugin.core.flow.Parallel
    tasks:
      - id: wdir
        type: io.kestra.plugin.core.flow.WorkingDirectory
        tasks:
          - {id: sleeps, type: io.kestra.plugin.core.flow.Sleep, duration: PT1S}
          - {id: never, type: io.kestra.plugin.core.log.Log, message: x}
      - id: then_fails
        type: io.kestra.plugin.core.flow.Sequential
        tasks:
          - {id: waits, type: io.kestra.plugin.core.flow.Sleep, duration: PT0.3S}
          - {id: fails, type: io.kestra.plugin.core.execution.Fail}
"""
    ran = run(runtime, source)
    assert ran.state == "FAILED"
    while not look(runtime, ran.id).run("wdir").state.is_terminal:
        threading.Event().wait(0.05)
    after = look(runtime, ran.id).states()
    assert after["sleeps"] == "SUCCESS"
    assert after["wdir"] == "KILLED"
    assert "never" not in after


class Lost(Exception):
    """The answer did not come; what was asked for was done."""

    error_type = "Lambda.Unknown"


@dataclass
class Losing:
    """Loses the first answer to `directory`."""

    lost: int = 0

    def around(self, handle: Handle) -> Handle:
        def handled(payload: Mapping[str, Any]) -> dict[str, Any]:
            answer = handle(payload)
            if payload["op"] == "directory" and not self.lost:
                self.lost += 1
                raise Lost("the connection broke")
            return answer

        return handled


def test_an_invocation_that_came_to_its_end_is_not_repeated(tmp_path: Path) -> None:
    losing = Losing()
    with engine(tmp_path, around=Around(handle=losing.around)) as runtime:
        ran = run(runtime, flow("wd-lost-answer", "    tasks:" + WRITES + READS))
    assert losing.lost == 1
    assert ran.state == "SUCCESS"
    assert ran.attempts("write") == ["SUCCESS"]


class Gone(BaseException):
    """The worker's process ends: no task can catch it."""


@dataclass
class DiesOnce:
    """Work whose first try takes the worker with it."""

    tries: int = 0

    def __call__(self, context: RunContext) -> dict[str, Any]:
        self.tries += 1
        if self.tries == 1:
            raise Gone
        return {"read": (context.working_directory() / "data.txt").read_text()}


def lost_invocations(handle: Handle) -> Handle:
    """What the machine is told of an invocation whose worker is gone."""

    def handled(payload: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return handle(payload)
        except Gone as gone:
            raise Lost("the worker is gone") from gone

    return handled


def dying(**properties: Any) -> str:
    write = {"id": "write", "type": f"{CORE}.storage.LocalFiles", "inputs": {"data.txt": "written"}}
    return sources.flow(
        {
            "id": "wdir",
            "type": f"{CORE}.flow.WorkingDirectory",
            "tasks": [write, probe("dies", DiesOnce(), **properties)],
            "errors": [sources.log("handler")],
        }
    )


CORE = "io.kestra.plugin.core"


def test_a_lost_attempt_that_is_tried_again_begins_the_whole_again(tmp_path: Path) -> None:
    with engine(tmp_path, around=Around(handle=lost_invocations)) as runtime:
        ran = run(runtime, dying(retry={"type": "constant", "interval": "PT1S", "maxAttempts": 2}))
    assert ran.states() == {"wdir": "SUCCESS", "write": "SUCCESS", "dies": "SUCCESS"}
    assert ran.attempts("write") == ["SUCCESS", "SUCCESS"]
    assert ran.attempts("dies") == ["FAILED", "SUCCESS"]
    assert (ran.run("dies").outputs or {}) == {"read": "written"}


def test_a_lost_attempt_that_is_not_tried_again_fails_the_whole(tmp_path: Path) -> None:
    with engine(tmp_path, around=Around(handle=lost_invocations)) as runtime:
        ran = run(runtime, dying())
    assert ran.states() == {"wdir": "FAILED", "write": "SUCCESS", "dies": "FAILED", "handler": "SUCCESS"}
    assert ran.attempts("write") == ["SUCCESS"]
    assert any("worker ended without a result" in message for message in ran.logged("dies", "ERROR"))


def test_a_retry_that_is_due_after_the_invocations_end_is_not_waited_for(tmp_path: Path) -> None:
    def short(handle: Handle) -> Handle:
        def handled(payload: Mapping[str, Any]) -> dict[str, Any]:
            return handle(payload, datetime.now(UTC) + timedelta(seconds=20))  # type: ignore[call-arg]

        return handled

    body = """
    tasks:
      - id: fails
        type: io.kestra.plugin.core.execution.Fail
        retry: {type: constant, interval: PT60S, maxAttempt: 3}
"""
    with engine(tmp_path, around=Around(handle=short)) as runtime:
        ran = run(runtime, flow("wd-short", body))
    assert ran.states() == {"wdir": "FAILED", "fails": "FAILED"}
    assert ran.attempts("fails") == ["FAILED"]
    assert any("after the end of the invocation" in message for message in ran.logged("fails", "ERROR"))


@pytest.mark.parametrize("at", range(3, 10, 2))
def test_after_a_crash_the_children_find_their_files_all_the_same(tmp_path: Path, at: int) -> None:
    source = flow("wd-crash", "    outputFiles: [data.txt]\n    tasks:" + WRITES + READS)
    death, execution_id = Death(at, When.AFTER), new_id()
    first_life(tmp_path, source, death, execution_id)
    with engine(tmp_path) as runtime:
        take_over(runtime.life, runtime.process.lives)
        ran = end_of(runtime, execution_id)
    assert ran.states() == {"wdir": "SUCCESS", "write": "SUCCESS", "read": "SUCCESS"}
    assert (ran.run("read").outputs or {})["vars"] == {"seen": "written"}
    assert list((ran.run("wdir").outputs or {})["outputFiles"]) == ["data.txt"]
