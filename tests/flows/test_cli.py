"""`thermik` as people call it: on a data directory, and against a server, by the same commands."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from conftest import REPOSITORY
from flows.command_line import FAIL, LOG, SLEEP, Printed, Save, Thermik, environment, flow, program
from thermik.cli.main import call

ORDERS = REPOSITORY / "examples" / "orders"


def test_the_example_runs_to_its_outputs(thermik: Thermik, capsys: Printed) -> None:
    assert (
        thermik(
            "run", ORDERS / "flow.yaml", "--input", f"orders=@{ORDERS / 'orders.csv'}", "--input", "threshold=140000"
        )
        == 0
    )
    lines = capsys.readouterr().out
    assert "4000 orders from 10 countries" in lines
    assert re.search(r"^ {2}summary {2}4000 orders, revenue 924642\.9, most of it from DE$", lines, re.MULTILINE)
    assert re.search(r'^ {2}large {4}\["DE", "FR"\]$', lines, re.MULTILINE)
    assert re.search(r"^SUCCESS in ", lines, re.MULTILINE)


def test_the_example_fails_on_purpose_and_its_errors_task_tells(thermik: Thermik, capsys: Printed) -> None:
    orders = f"orders=@{ORDERS / 'orders.csv'}"
    assert thermik("run", ORDERS / "flow.yaml", "--input", orders, "--input", "broken=true") == 1
    lines = capsys.readouterr().out
    assert "The input `broken` is true, so this task fails." in lines
    assert re.search(r"alert +ERROR +Execution \w+ of examples.shop.orders failed", lines)


def test_a_warning_is_success_with_a_line_that_says_so(thermik: Thermik, save: Save, capsys: Printed) -> None:
    file = save("warned", flow("warned", f"type: {FAIL}, allowFailure: true"))
    assert thermik("run", file) == 0
    printed = capsys.readouterr()
    assert "WARNING in" in printed.out
    assert "thermik: the execution ended with a WARNING" in printed.err


def test_json_is_the_execution_and_nothing_else(thermik: Thermik, save: Save, capsys: Printed) -> None:
    file = save("json", flow("json", f"type: {LOG}, message: hello"))
    assert thermik("run", file, "--format", "json", "--label", "team:data") == 0
    execution = json.loads(capsys.readouterr().out)
    assert execution["state"]["current"] == "SUCCESS"
    assert {"key": "team", "value": "data"} in execution["labels"]
    assert [run["taskId"] for run in execution["taskRunList"]] == ["task0"]


def test_a_saved_flow_runs_by_its_name_in_the_revision_that_is_asked_for(
    thermik: Thermik, save: Save, capsys: Printed
) -> None:
    for text in ("first", "second"):
        assert thermik("flows", "save", save("named", flow("named", f"type: {LOG}, message: {text}"))) == 0
    assert thermik("run", "cli.test.named", "--revision", "1") == 0
    lines = capsys.readouterr().out
    assert "cli.test.named  revision 2" in lines
    assert re.search(r"INFO +first", lines)


def test_an_equal_source_makes_no_revision(thermik: Thermik, save: Save, capsys: Printed) -> None:
    file = save("equal", flow("equal", f"type: {LOG}, message: a"))
    for _ in range(2):
        assert thermik("flows", "save", file) == 0
    assert capsys.readouterr().out.splitlines() == ["cli.test.equal  revision 1"] * 2
    assert thermik("flows", "revisions", "cli.test", "equal", "--format", "json") == 0
    assert [each["revision"] for each in json.loads(capsys.readouterr().out)] == [1]


def test_flows_are_listed_shown_and_deleted(thermik: Thermik, save: Save, capsys: Printed) -> None:
    file = save("kept", flow("kept", f"type: {LOG}, message: a"))
    assert thermik("flows", "save", file) == 0
    capsys.readouterr()
    assert thermik("flows", "get", "cli.test", "kept") == 0
    assert capsys.readouterr().out == file.read_text()
    assert thermik("flows", "list", "--namespace", "cli.test", "--format", "json") == 0
    assert "kept" in [flow["id"] for flow in json.loads(capsys.readouterr().out)]
    assert thermik("flows", "delete", "cli.test", "kept", "--yes") == 0
    assert thermik("flows", "get", "cli.test", "kept") == 1
    assert "thermik: Flow 'cli.test.kept' not found" in capsys.readouterr().err


def test_of_files_with_a_broken_one_none_is_saved(thermik: Thermik, save: Save, capsys: Printed) -> None:
    good = save("unsaved", flow("unsaved", f"type: {LOG}, message: a"))
    broken = save("broken", flow("broken", f"type: {LOG}, message: a, colour: red"))
    assert thermik("flows", "save", good, broken) == 1
    assert re.search(r"broken\.yaml:4:\d+: tasks\[0\]\.colour: ", capsys.readouterr().err)
    assert thermik("flows", "get", "cli.test", "unsaved") == 1


def test_executions_are_listed_and_shown_with_their_log(thermik: Thermik, save: Save, capsys: Printed) -> None:
    more = "inputs:\n  - {id: name, type: STRING}\n"
    file = save("shown", flow("shown", f"type: {LOG}, message: '{{{{ inputs.name }}}}'", more=more))
    assert thermik("run", file, "--input", "name=Ada", "--format", "json") == 0
    execution = json.loads(capsys.readouterr().out)
    assert thermik("executions", "list", "--flow", "cli.test.shown", "--state", "success") == 0
    assert execution["id"] in capsys.readouterr().out
    assert thermik("executions", "get", execution["id"]) == 0
    shown = capsys.readouterr().out
    assert "task0" in shown
    assert "name  Ada" in shown
    assert thermik("executions", "logs", execution["id"], "--level", "INFO") == 0
    assert re.search(r"task0 +INFO +Ada$", capsys.readouterr().out, re.MULTILINE)


def test_a_failed_execution_is_restarted_and_replayed(
    thermik: Thermik, save: Save, capsys: Printed, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    shell = f"type: io.kestra.plugin.scripts.shell.Commands, commands: ['test -f {there}']"
    file = save("again", flow("again", f"type: {LOG}, message: first", shell))
    assert thermik("run", file, "--format", "json") == 1
    failed = json.loads(capsys.readouterr().out)
    there.touch()
    assert thermik("executions", "restart", failed["id"]) == 0
    lines = capsys.readouterr().out
    assert "task1" in lines
    assert "first" not in lines
    assert thermik("executions", "replay", failed["id"], "--task", "task1", "--format", "json") == 0
    replayed = json.loads(capsys.readouterr().out)
    assert replayed["id"] != failed["id"]
    assert [run["state"]["current"] for run in replayed["taskRunList"]] == ["SUCCESS", "SUCCESS"]
    assert thermik("executions", "replay", failed["id"], "--task", "nothing") == 1
    assert "has no task run 'nothing'" in capsys.readouterr().err


def test_wrong_inputs_are_told_and_nothing_runs(thermik: Thermik, save: Save, capsys: Printed) -> None:
    file = save("typed", flow("typed", f"type: {LOG}, message: a", more="inputs:\n  - {id: count, type: INT}\n"))
    assert thermik("run", file, "--input", "count=many") == 1
    assert "`count`" in capsys.readouterr().err
    assert thermik("executions", "list", "--flow", "cli.test.typed", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_what_is_not_there_is_named(thermik: Thermik, capsys: Printed) -> None:
    assert thermik("run", "cli.test.nowhere") == 1
    assert "Flow 'cli.test.nowhere' not found" in capsys.readouterr().err
    for command in ("get", "logs", "kill", "restart", "replay"):
        assert thermik("executions", command, "nobody") == 1
        assert "Execution 'nobody' not found" in capsys.readouterr().err


def test_an_interrupt_kills_the_execution(thermik: Thermik, save: Save, capsys: Printed) -> None:
    file = save("slow", flow("slow", f"type: {SLEEP}, duration: PT60S"))
    process = subprocess.Popen(
        program("run", str(file)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )
    assert process.stdout is not None
    assert any("RUNNING" in line for line in process.stdout)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "is being killed" in told
    assert thermik("executions", "list", "--flow", "cli.test.slow", "--format", "json") == 0
    assert [each["state"]["current"] for each in json.loads(capsys.readouterr().out)] == ["KILLED"]


def test_wrong_credentials_are_told(cli_server: str, capsys: Printed) -> None:
    assert call(["flows", "list", "--url", cli_server, "--username", "ada", "--password", "wrong"]) == 1
    assert "the server wants credentials" in capsys.readouterr().err


def test_a_server_that_is_not_there_is_told(capsys: Printed) -> None:
    assert call(["flows", "list", "--url", "http://127.0.0.1:9"]) == 1
    told = capsys.readouterr().err
    assert "no answer from http://127.0.0.1:9" in told
    assert "is `thermik server` running?" in told


def test_files_of_a_namespace(thermik: Thermik, capsys: Printed, tmp_path: Path) -> None:
    folder = tmp_path / "lib"
    (folder / "sql").mkdir(parents=True)
    (folder / "sql" / "a b.sql").write_bytes(b"select 1\r\n")
    large = folder / "large.zip"
    large.write_bytes(bytes(range(256)) * 20_000)
    files = ("namespaces", "files")
    assert thermik(*files, "upload", "cli.files", folder, "--to", "/deep/") == 0
    assert thermik(*files, "upload", "cli.files", folder / "sql" / "a b.sql") == 0
    capsys.readouterr()
    assert thermik(*files, "list", "cli.files") == 0
    assert capsys.readouterr().out.splitlines() == ["/a b.sql", "/deep/large.zip", "/deep/sql/a b.sql"]
    assert thermik(*files, "list", "cli.files", "deep/sql", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out) == ["/deep/sql/a b.sql"]
    assert thermik(*files, "get", "cli.files", "deep/large.zip", "-o", tmp_path / "copy") == 0
    assert (tmp_path / "copy").read_bytes() == large.read_bytes()
    assert thermik(*files, "delete", "cli.files", "/deep", "--yes") == 0
    assert thermik(*files, "delete", "cli.files", "/deep", "--yes") == 1
    assert thermik(*files, "get", "cli.files", "nothing", "-o", tmp_path / "none") == 1
    assert not (tmp_path / "none").exists()
    capsys.readouterr()
    assert thermik(*files, "list", "cli.files") == 0
    assert capsys.readouterr().out == "/a b.sql\n"


def test_revisions_are_compared_and_restored(thermik: Thermik, save: Save, capsys: Printed) -> None:
    for message in ("one", "two"):
        assert thermik("flows", "save", save("revised", flow("revised", f"type: {LOG}, message: {message}"))) == 0
    assert thermik("flows", "delete", "cli.test", "revised", "--yes") == 0
    capsys.readouterr()
    assert thermik("flows", "restore", "cli.test", "revised", "1") == 0
    assert capsys.readouterr().out == "cli.test.revised  revision 4\n"
    assert thermik("flows", "diff", "cli.test", "revised", "2") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["--- cli.test.revised revision 2", "+++ cli.test.revised revision 4"]
    assert [line[0] for line in lines[2:] if "message" in line] == ["-", "+"]
    assert thermik("namespaces", "list") == 0
    assert capsys.readouterr().out.split()[:3] == ["NAMESPACE", "cli", "cli.test"]


def test_the_schema_of_flows_and_of_types(capsys: Printed) -> None:
    assert call(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Flow"
    assert call(["schema", LOG]) == 0
    assert "message" in json.loads(capsys.readouterr().out)["required"]
    assert call(["schema", "io.kestra.plugin.core.log.Lag"]) == 1
    assert LOG in capsys.readouterr().err


def test_a_flow_with_triggers_is_valid_here_and_there(thermik: Thermik, save: Save) -> None:
    trigger = "triggers:\n  - {id: hook, type: io.kestra.plugin.core.trigger.Webhook, key: k}\n"
    file = save("triggered", flow("triggered", f"type: {LOG}, message: hello", more=trigger))
    assert thermik("validate", file) == 0
    assert thermik("run", file) == 0


def test_plugin_defaults_of_the_installation(
    thermik: Thermik, save: Save, capsys: Printed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "THERMIK_URL" in os.environ:
        pytest.skip("a server reads its own when it starts")
    defaults = tmp_path / "defaults.yaml"
    defaults.write_text(f"- {{type: {LOG}, values: {{message: of the installation}}}}\n")
    monkeypatch.setenv("THERMIK_PLUGIN_DEFAULTS", str(defaults))
    complete = save("complete", flow("complete", f"type: {LOG}, message: my own", f"type: {LOG}, message: null"))
    assert thermik("run", complete) == 1  # a flow must be valid without them
    capsys.readouterr()
    defaults.write_text(f"- {{type: {LOG}, forced: true, values: {{message: of the installation}}}}\n")
    assert thermik("run", save("forced", flow("forced", f"type: {LOG}, message: my own"))) == 0
    assert "of the installation" in capsys.readouterr().out
    defaults.write_text("- {type: x, nope: 1}\n")
    assert thermik("flows", "list") == 2
    assert "thermik: THERMIK_PLUGIN_DEFAULTS: [0].nope" in capsys.readouterr().err
