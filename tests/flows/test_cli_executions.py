"""What people do with executions by `thermik`: on a directory, where another process runs them, and on a server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from flows.command_line import FAIL, LOG, PAUSE, SLEEP, Printed, Save, Thermik, environment, flow, program

SECONDS = 40
DATED = (
    "triggers:\n  - {id: daily, type: io.kestra.plugin.core.trigger.Schedule, cron: '0 9 * * *', timezone: Etc/UTC}\n"
)
QUEUED = "concurrency: {limit: 1, behavior: QUEUE}\n"
SHELL = "type: io.kestra.plugin.scripts.shell.Commands, commands: ['test -f {there}']"


@contextmanager
def running(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Another `thermik`, as a process; what is left of it at the end is killed."""
    process = subprocess.Popen(
        program(*map(str, arguments)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def found(thermik: Thermik, capsys: Printed, *arguments: str | Path, code: int = 0) -> Any:
    """What a command answers as JSON."""
    capsys.readouterr()
    assert thermik(*arguments, "--format", "json") == code
    return json.loads(capsys.readouterr().out)


def once(thermik: Thermik, capsys: Printed, name: str, state: str, number: int = 1) -> str:
    """The id of the newest execution of a flow that is in a state, as soon as so many are."""
    deadline = time.monotonic() + SECONDS
    while True:
        listed = found(thermik, capsys, "executions", "list", "--flow", f"cli.test.{name}", "--state", state)
        if len(listed) >= number:
            return str(listed[0]["id"])
        assert time.monotonic() < deadline, f"{len(listed)} executions of {name} are {state}"
        time.sleep(0.1)


def test_a_pause_of_another_process_is_resumed_with_inputs(thermik: Thermik, save: Save, capsys: Printed) -> None:
    asked = f"type: {PAUSE}, onResume: [{{id: answer, type: STRING}}]"
    said = f"type: {LOG}, message: 'they said {{{{ outputs.task0.onResume.answer }}}}'"
    with running("run", save("asks", flow("asks", asked, said))) as process:
        execution = once(thermik, capsys, "asks", "PAUSED")
        assert thermik("executions", "resume", execution) == 1
        assert "answer" in capsys.readouterr().err
        assert found(thermik, capsys, "executions", "resume", execution, "--input", "answer=yes")["id"] == execution
        lines, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    assert "they said yes" in lines


def test_a_pause_by_hand(thermik: Thermik, save: Save, capsys: Printed) -> None:
    sleep = f"type: {SLEEP}, duration: PT1S"
    with running("run", save("held", flow("held", sleep, f"type: {LOG}, message: hello"))) as process:
        execution = once(thermik, capsys, "held", "RUNNING")
        assert thermik("executions", "pause", execution) == 0
        assert capsys.readouterr().out == f"{execution}  PAUSED\n"
        assert thermik("executions", "resume", execution) == 0
        assert capsys.readouterr().out == f"{execution}  RUNNING\n"
        lines, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    assert "hello" in lines
    assert thermik("executions", "pause", execution) == 1
    assert "must be RUNNING" in capsys.readouterr().err


def test_a_pause_whose_process_is_gone_goes_on_in_the_command(
    save: Save, capsys: Printed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from thermik.cli.main import call

    monkeypatch.setenv("THERMIK_DATA", str(tmp_path / "data"))
    thermik = lambda *arguments: call([str(argument) for argument in arguments])  # noqa: E731
    with running("run", save("left", flow("left", f"type: {PAUSE}", f"type: {LOG}, message: hello"))):
        execution = once(thermik, capsys, "left", "PAUSED")
    assert thermik("executions", "resume", execution) == 0
    lines = capsys.readouterr().out
    assert re.search(r"task1 +INFO +hello", lines)
    assert "SUCCESS in" in lines


def test_executions_of_another_process_are_killed_by_id_and_by_filter(
    thermik: Thermik, save: Save, capsys: Printed
) -> None:
    file = save("endless", flow("endless", f"type: {SLEEP}, duration: PT60S"))
    with running("run", file) as one:
        execution = once(thermik, capsys, "endless", "RUNNING")
        assert thermik("executions", "kill", execution) == 0
        assert re.search(rf"^{execution}  KILL", capsys.readouterr().out, re.MULTILINE)
        assert one.wait(SECONDS) == 130
    with running("run", file) as one, running("run", file) as two:
        once(thermik, capsys, "endless", "RUNNING", 2)
        assert thermik("executions", "kill", "--flow", "cli.test.endless", "--yes") == 0
        assert len(capsys.readouterr().out.splitlines()) == 3
        assert (one.wait(SECONDS), two.wait(SECONDS)) == (130, 130)
    assert thermik("executions", "kill", "--flow", "cli.test.endless", "--yes") == 0
    assert thermik("executions", "kill") == 2
    assert "give --namespace, --flow or --state" in capsys.readouterr().err


def test_the_queue_is_left_and_jumped(thermik: Thermik, save: Save, capsys: Printed) -> None:
    file = save("limited", flow("limited", f"type: {PAUSE}", more=QUEUED))
    with running("run", file), running("run", file), running("run", file):
        once(thermik, capsys, "limited", "PAUSED")
        once(thermik, capsys, "limited", "QUEUED", 2)
        ended = once(thermik, capsys, "limited", "QUEUED")
        assert found(thermik, capsys, "executions", "unqueue", ended, "--state", "cancelled")["id"] == ended
        assert thermik("executions", "force-run", once(thermik, capsys, "limited", "QUEUED")) == 0
        once(thermik, capsys, "limited", "PAUSED", 2)
        assert thermik("executions", "kill", "--flow", "cli.test.limited", "--yes") == 0
    assert found(thermik, capsys, "executions", "get", ended)["state"]["current"] == "CANCELLED"


def test_a_restart_in_another_revision_and_of_several(
    thermik: Thermik, save: Save, capsys: Printed, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    file = save("mended", flow("mended", f"type: {LOG}, message: first", SHELL.format(there=there)))
    failed = [found(thermik, capsys, "run", file, code=1)["id"] for _ in range(2)]
    assert thermik("flows", "save", save("mended", flow("mended", f"type: {LOG}, message: first"))) == 0
    restarted = found(thermik, capsys, "executions", "restart", failed[0], "--revision", "2")
    assert (restarted["id"] != failed[0], restarted["parentId"], restarted["flowRevision"]) == (True, failed[0], 2)
    assert [run["taskId"] for run in restarted["taskRunList"]] == ["task0"]
    there.touch()
    ended = found(thermik, capsys, "executions", "restart", "--flow", "cli.test.mended", "--state", "FAILED", "--yes")
    assert {(each["id"], each["state"]["current"]) for each in ended} == {(each, "SUCCESS") for each in failed}


def test_a_replay_with_other_inputs(thermik: Thermik, save: Save, capsys: Printed) -> None:
    more = "inputs:\n  - {id: name, type: STRING}\n"
    file = save("greeting", flow("greeting", f"type: {LOG}, message: 'hi {{{{ inputs.name }}}}'", more=more))
    first = found(thermik, capsys, "run", file, "--input", "name=Ada")
    assert thermik("executions", "replay", first["id"], "--input", "name=Bob") == 0
    assert re.search(r"INFO +hi Bob", capsys.readouterr().out)
    assert found(thermik, capsys, "executions", "replay", first["id"])["inputs"] == {"name": "Ada"}


def test_what_has_ended_is_changed_looked_into_and_deleted(thermik: Thermik, save: Save, capsys: Printed) -> None:
    outputs = "type: io.kestra.plugin.core.debug.Return, format: '{{ 6 * 7 }}'"
    failing = f"type: {FAIL}"
    file = save("changed", flow("changed", outputs, failing, f"type: {LOG}, message: after"))
    execution = found(thermik, capsys, "run", file, code=1)["id"]
    assert thermik("executions", "eval", execution, "{{ outputs.task0.value }}!") == 0
    assert capsys.readouterr().out == "42!\n"
    assert thermik("executions", "eval", execution, "{{ taskrun.id }}", "--task-run", "task0") == 0
    assert thermik("executions", "eval", execution, "{{ nothing }}") == 1
    assert "nothing" in capsys.readouterr().err
    assert thermik("executions", "labels", execution, "team:data", "seen=yes") == 0
    assert {"team:data", "seen:yes"} <= set(capsys.readouterr().out.splitlines())
    assert found(thermik, capsys, "executions", "change-status", execution, "warning")["state"]["current"] == "WARNING"
    assert thermik("executions", "change-status", execution, "running") == 1
    capsys.readouterr()
    assert thermik("executions", "change-state", execution, "task1", "success") == 0
    deadline = time.monotonic() + SECONDS
    while (now := found(thermik, capsys, "executions", "get", execution))["state"]["current"] != "SUCCESS":
        assert time.monotonic() < deadline, now["state"]
    assert [run["taskId"] for run in now["taskRunList"]] == ["task0", "task1", "task2"]
    assert thermik("executions", "delete", execution) == 0
    assert capsys.readouterr().out == f"{execution} is deleted\n"
    assert thermik("executions", "get", execution) == 1
    assert thermik("executions", "delete", "--flow", "cli.test.changed", "--yes") == 0


def test_a_log_is_followed_to_its_end(thermik: Thermik, save: Save, capsys: Printed) -> None:
    tasks = (f"type: {LOG}, message: begins", f"type: {SLEEP}, duration: PT2S", f"type: {LOG}, message: ends")
    with running("run", save("followed", flow("followed", *tasks))):
        execution = once(thermik, capsys, "followed", "RUNNING")
        assert thermik("executions", "logs", execution, "--follow", "--level", "INFO") == 0
        assert re.findall(r"INFO +(.*)", capsys.readouterr().out) == ["begins", "Waiting for PT2S", "ends"]
    assert thermik("executions", "logs", execution, "-f", "--format", "json") == 0
    assert "ends" in [json.loads(line)["message"] for line in capsys.readouterr().out.splitlines()]


def test_pairs_of_a_namespace(thermik: Thermik, capsys: Printed) -> None:
    assert thermik("kv", "set", "cli.pairs", "count", "100") == 0
    assert thermik("kv", "set", "cli.pairs", "name", "Ada", "--ttl", "P1D") == 0
    assert thermik("kv", "get", "cli.pairs", "name") == 0
    assert capsys.readouterr().out == "Ada\n"
    count = found(thermik, capsys, "kv", "get", "cli.pairs", "count")
    assert (count["type"], count["value"]) == ("NUMBER", 100)
    assert [pair["key"] for pair in found(thermik, capsys, "kv", "list", "cli.pairs")] == ["count", "name"]
    assert thermik("kv", "list", "cli.pairs") == 0
    assert [bool(re.search(r":\d\d  \d{4}-", line)) for line in capsys.readouterr().out.splitlines()] == [
        False,
        False,
        True,
    ]
    assert thermik("kv", "delete", "cli.pairs", "count") == 0
    assert thermik("kv", "delete", "cli.pairs", "count") == 1
    assert thermik("kv", "get", "cli.pairs", "count") == 1
    assert "namespace cli.pairs has no key 'count'" in capsys.readouterr().err
    assert thermik("kv", "set", "cli.pairs", "a b", "1") == 1
    assert thermik("kv", "set", "cli.pairs", "soon", "1", "--ttl", "tomorrow") == 1
    assert "Key must start with an alphanumeric character" in (told := capsys.readouterr().err)
    assert "'ttl' is no duration" in told


def test_triggers_are_listed_and_switched(thermik: Thermik, save: Save, capsys: Printed) -> None:
    assert thermik("flows", "save", save("dated", flow("dated", f"type: {LOG}, message: hello", more=DATED))) == 0
    (trigger,) = found(thermik, capsys, "triggers", "list", "--flow", "cli.test.dated")
    assert (trigger["triggerId"], trigger["disabled"]) == ("daily", False)
    assert thermik("triggers", "disable", "cli.test.dated", "daily") == 0
    assert capsys.readouterr().out == "cli.test.dated daily is disabled\n"
    assert thermik("triggers", "list", "--namespace", "cli.test") == 0
    assert re.search(r"^cli\.test\.dated +daily +yes", capsys.readouterr().out, re.MULTILINE)
    assert found(thermik, capsys, "triggers", "enable", "cli.test.dated", "daily")["disabled"] is False
    assert thermik("triggers", "enable", "cli.test.dated", "nightly") == 1
    assert "cli.test.dated.nightly" in capsys.readouterr().err


def test_each_action_names_an_execution_that_is_not_there(thermik: Thermik, capsys: Printed) -> None:
    nobody = "4mXpYkQeTkTrN9fzUjZ8aB"
    more = {"change-state": ["task0", "SUCCESS"], "change-status": ["FAILED"], "labels": ["a:b"], "eval": ["{{ 1 }}"]}
    for command in (*more, "pause", "resume", "force-run", "unqueue", "delete", "kill", "restart", "replay"):
        assert thermik("executions", command, nobody, *more.get(command, [])) == 1, command
        assert f"Execution '{nobody}' not found" in capsys.readouterr().err, command
    assert "THERMIK_URL" in os.environ or "THERMIK_DATA" in os.environ


def test_follow_and_metrics(thermik: Thermik, save: Save, capsys: Printed) -> None:
    source = (
        "id: figures\nnamespace: cli.watch\ntasks:\n"
        "  - {id: say, type: io.kestra.plugin.core.debug.Return, format: hello}\n"
        "  - {id: log, type: io.kestra.plugin.core.log.Log, message: 'said {{ outputs.say.value }}'}\n"
    )
    assert thermik("run", str(save("figures", source)), "--format", "json") == 0
    execution = json.loads(capsys.readouterr().out)["id"]
    assert thermik("executions", "follow", execution) == 0
    shown = capsys.readouterr().out
    assert "said hello" in shown
    assert "SUCCESS in" in shown
    assert thermik("executions", "metrics", execution, "--task", "say", "--format", "json") == 0
    reported = json.loads(capsys.readouterr().out)
    assert {(each["task"], each["name"]) for each in reported} >= {("say", "length"), ("say", "duration")}
    for command in ("follow", "metrics"):
        assert thermik("executions", command, "unknown") != 0
        error = capsys.readouterr().err
        assert "unknown" in error
        assert error.count("\n") == 1
