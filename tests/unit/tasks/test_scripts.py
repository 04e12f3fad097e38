"""Shell and Python tasks as a whole, with real processes."""

from __future__ import annotations

import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from thermik.tasks.runnable import Outputs, TaskFailure, TaskInterrupted
from thermik.tasks.scripts import environment, marks, printed, process
from unit.tasks.fake_context import FakeContext, make, outputs_of

TYPES = ["shell.Commands", "shell.Script", "python.Commands", "python.Script"]
PROCESS = {"type": "io.kestra.plugin.core.runner.Process"}
STORED = "kestra:///company/team/orders/executions/1/inputs/file/orders.csv"


def _minimal(kind: str) -> dict[str, Any]:
    return {"script": "1"} if kind.endswith("Script") else {"commands": ["true"]}


def _shell(context: FakeContext, *commands: str, **properties: Any) -> dict[str, Any]:
    return outputs_of(make("scripts.shell.Commands", commands=list(commands), **properties), context)


def _python(context: FakeContext, script: str, **properties: Any) -> dict[str, Any]:
    return outputs_of(make("scripts.python.Script", script=script, **properties), context)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where private directories are made: to see that none stays."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_commands_print_to_the_log_and_report_outputs_and_metrics(context: FakeContext) -> None:
    outputs = _shell(
        context,
        "echo Hello from {{ flow.id }}",
        "echo oops >&2",
        """echo '::{"outputs": {"n": 1}, "metrics": [{"name": "rows", "type": "counter", "value": 3}]}::'""",
        """echo '::{"outputs": {"n": 2, "m": "x"}, "logs": [{"level": "DEBUG", "message": "quiet"}]}::' >&2""",
        """echo '::{"metrics": [{"name": "took", "type": "timer", "value": 2.12, "tags": {"a": "b"}}]}::'""",
    )
    assert outputs["exitCode"] == 0
    assert set(outputs["vars"]) == {"n", "m"}
    assert context.log.at("INFO") == ["Hello from orders"]
    assert context.log.at("ERROR") == ["oops"]
    assert context.log.at("DEBUG") == ["quiet"]
    assert context.counters == [("rows", 3, {})]
    assert context.timers == [("took", timedelta(seconds=2.12), {"a": "b"})]


def test_without_anything_said_the_outputs_are_empty_maps(context: FakeContext) -> None:
    assert _shell(context, "true") == {"exitCode": 0, "vars": {}, "outputFiles": {}}


def test_a_marker_that_cannot_be_read_is_a_warning(context: FakeContext) -> None:
    assert _shell(context, "echo '::{oops}::'")["vars"] == {}
    [warning] = context.log.at("WARN")
    assert warning.startswith("Invalid outputs '::{oops}::': ")


def test_a_failure_names_the_exit_code_and_leaves_the_outputs(context: FakeContext) -> None:
    with pytest.raises(TaskFailure, match=r"^Command failed with exit code 3$") as failure:
        _shell(context, """echo '::{"outputs": {"a": 1}}::'""", "echo x > a.txt", "exit 3", outputFiles=["a.txt"])
    assert failure.value.outputs["exitCode"] == 3
    assert failure.value.outputs["vars"] == {"a": 1}
    assert context.text(failure.value.outputs["outputFiles"]["a.txt"]) == "x\n"


def test_a_killed_interpreter_is_a_failure_that_names_the_signal(context: FakeContext) -> None:
    with pytest.raises(TaskFailure, match=r"exit code 137: killed by SIGKILL \(out of memory") as failure:
        _shell(context, "kill -9 $$")
    assert failure.value.outputs["exitCode"] == 137


def test_the_first_failing_command_ends_it_unless_fail_fast_is_off(context: FakeContext) -> None:
    with pytest.raises(TaskFailure, match="exit code 1"):
        _shell(context, "false", "echo not reached")
    assert _shell(context, "false", "echo reached", failFast=False)["exitCode"] == 0
    assert context.log.at("INFO") == ["reached"]


def test_before_commands_share_the_shell_and_come_first(context: FakeContext) -> None:
    _shell(context, "echo $GREETING", beforeCommands=["GREETING='hi {{ flow.id }}'"])
    assert context.log.at("INFO") == ["hi orders"]


def test_another_interpreter_takes_the_text(context: FakeContext) -> None:
    make("scripts.shell.Script", script="print(6 * 7)", interpreter=["python3", "-c"], failFast=False).run(context)
    assert context.log.at("INFO") == ["42"]
    with pytest.raises(TaskFailure, match=r"Cannot start '/no/such/shell': .*No such file"):
        _shell(context, "true", interpreter=["/no/such/shell", "-c"])


def test_lists_and_maps_may_come_from_an_expression(context: FakeContext) -> None:
    context.variables["inputs"] = {"commands": ["echo $A", "echo two"], "env": {"A": "one"}}
    make("scripts.shell.Commands", commands="{{ inputs.commands }}", env="{{ inputs.env }}").run(context)
    assert context.log.at("INFO") == ["one", "two"]


def test_files_in_and_out(context: FakeContext) -> None:
    context.files[STORED] = b"country,total\nFR,10\n"
    context.variables["inputs"] = {"file": STORED}
    outputs = _shell(
        context,
        "tail -n +2 orders.csv > {{ workingDir }}/out.csv",
        "cat conf/a.txt >> out.csv",
        "wc -l < {{ inputs.file }}",
        inputFiles={"orders.csv": "{{ inputs.file }}", "conf/a.txt": "of {{ flow.id }} in {{ workingDir }}"},
        outputFiles=["*.csv"],
    )
    assert sorted(outputs["outputFiles"]) == ["orders.csv", "out.csv"]
    assert context.text(outputs["outputFiles"]["out.csv"]) == f"FR,10\nof orders in {context.directory}"
    assert context.log.at("INFO")[0].strip() == "2"


def test_input_files_may_be_a_json_text(context: FakeContext) -> None:
    context.variables["inputs"] = {"name": "b"}
    _shell(context, "cat a.txt", inputFiles='{"a.txt": "{{ inputs.name }}"}')
    assert context.log.at("INFO") == ["b"]


def test_input_files_that_are_no_map_fail(context: FakeContext) -> None:
    with pytest.raises(TaskFailure):
        _shell(context, "true", inputFiles="{{ flow.id }}")


def test_the_output_directory_takes_everything(context: FakeContext) -> None:
    outputs = _shell(context, "mkdir {{ outputDir }}/a; echo x > $OUTPUT_DIR/a/b.txt", outputDirectory=True)
    assert list(outputs["outputFiles"]) == ["a/b.txt"]


def test_env_is_added_and_the_workers_own_environment_is_not_seen(
    context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "THERMIK_DATA", "_HANDLER", "LD_LIBRARY_PATH", "PYTHONPATH"):
        monkeypatch.setenv(name, "secret")
    _shell(context, "env", env={"PORT": 8080, "DEBUG": True, "NAME": "{{ flow.id }}", "NOTHING": None})
    seen = dict(line.partition("=")[::2] for line in context.log.at("INFO"))
    assert (seen["PORT"], seen["DEBUG"], seen["NAME"]) == ("8080", "true", "orders")
    assert "secret" not in seen.values()
    assert seen["WORKING_DIR"] == str(context.directory)
    shells_own = {"PWD", "OLDPWD", "SHLVL", "_"}
    told = {"PORT", "DEBUG", "NAME", "WORKING_DIR", "HOME", "TMPDIR", marks.MARK, "PATH", "LANG"}
    assert set(seen) - shells_own - set(environment.INHERITED) <= told


def test_home_and_temporary_files_are_private_and_gone_afterwards(context: FakeContext, temporary: Path) -> None:
    _shell(context, "touch ~/a $TMPDIR/b", "mkdir -p $TMPDIR/c/d && chmod 0 $TMPDIR/c", "echo $HOME")
    assert context.log.at("INFO")[0].startswith(str(temporary))
    assert list(temporary.iterdir()) == []
    assert list(context.directory.iterdir()) == []


def test_standard_error_warns_only_where_asked_to(context: FakeContext) -> None:
    tasks = {
        asked: make("scripts.shell.Commands", commands=["echo e >&2"], warningOnStdErr=asked) for asked in (True, False)
    }
    results = {asked: task.run(context) for asked, task in tasks.items()}
    assert [isinstance(result, Outputs) and result.warning for result in results.values()] == [True, False]


def test_a_flood_is_logged_up_to_a_bound_and_the_log_says_so(
    context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printed, "MAX_LOGGED_BYTES", 6900)
    outputs = _shell(context, "yes 123456789 | head -n 5000", """echo '::{"outputs": {"still": "read"}}::'""")
    assert len(context.log.at("INFO")) == 100
    assert context.log.at("WARN")[0].startswith("4900 more lines were printed, not logged: a script may log 6900 bytes")
    assert outputs["vars"] == {"still": "read"}


def test_a_cut_line_says_so(context: FakeContext) -> None:
    _shell(context, "head -c 1100000 /dev/zero | tr '\\0' a; echo")
    [line] = context.log.at("INFO")
    assert line.endswith("(51424 more bytes of this line were not kept)")


@pytest.mark.parametrize(
    ("bound", "value", "command", "message"),
    [
        ("MAX_LINE_BYTES", None, "printf '::{'; head -c 1100000 /dev/zero; echo", "longer than 1048576 bytes"),
        ("MAX_OUTPUT_BYTES", 50, """for i in 1 2 3; do echo '::{"outputs": {"a": 12345}}::'; done""", "50 bytes"),
    ],
)
def test_results_that_would_get_lost_fail_the_task(
    context: FakeContext, monkeypatch: pytest.MonkeyPatch, bound: str, value: int | None, command: str, message: str
) -> None:
    if value is not None:
        monkeypatch.setattr(printed, bound, value)
    with pytest.raises(TaskFailure, match=message):
        _shell(context, command)


def test_an_interrupt_stops_the_script(context: FakeContext, temporary: Path) -> None:
    def interrupt_when_started() -> None:
        while not (context.directory / "started").exists():
            time.sleep(0.01)
        context.interrupt()

    thread = threading.Thread(target=interrupt_when_started)
    thread.start()
    with pytest.raises(TaskInterrupted):
        _shell(context, "touch started", "sleep 1000")
    thread.join()
    assert list(temporary.iterdir()) == []


SHORT = process.Graces(drain=timedelta(milliseconds=100))


def test_processes_left_in_the_background_are_stopped_with_a_warning(
    context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "Graces", lambda: SHORT)
    assert _shell(context, "sleep 1000 &")["exitCode"] == 0
    assert "processes running in the background" in context.log.at("WARN")[0]


def test_a_python_script_uses_the_module_kestra(context: FakeContext) -> None:
    outputs = _python(
        context,
        "import time\n"
        "from kestra import Kestra\n"
        "Kestra.outputs({'total': 4, 'who': '{{ flow.id }}'})\n"
        "Kestra.counter('rows', 2, {'a': 'b'})\n"
        "Kestra.timer('read', 1.5)\n"
        "Kestra.timer('waited', lambda: time.sleep(0.01))\n"
        "logger = Kestra.logger()\n"
        "for say in (logger.debug, logger.info, logger.warning, logger.error, logger.critical): say('m %s', 1)\n",
    )
    assert outputs["vars"] == {"total": 4, "who": "orders"}
    assert context.counters == [("rows", 2, {"a": "b"})]
    assert context.timers[0] == ("read", timedelta(seconds=1.5), {})
    assert context.timers[1][1] >= timedelta(milliseconds=10)
    assert [level for level, _ in context.log.entries] == ["DEBUG", "INFO", "WARN", "ERROR", "ERROR"]
    assert {message for _, message in context.log.entries} == {"m 1"}


def test_an_installed_package_kestra_takes_precedence(context: FakeContext) -> None:
    _python(
        context,
        "import kestra; print(kestra.Flow)",
        inputFiles={"lib/kestra/__init__.py": "Flow = 'installed'"},
        env={"PYTHONPATH": "{{ workingDir }}/lib"},
    )
    assert context.log.at("INFO") == ["installed"]


def test_a_python_script_imports_from_its_directory_and_leaves_no_file(context: FakeContext) -> None:
    outputs = _python(context, "import mine; print(mine.x)", inputFiles={"mine.py": "x = 'y'"}, outputFiles=["**"])
    assert context.log.at("INFO") == ["y"]
    assert list(outputs["outputFiles"]) == ["mine.py"]


def test_a_python_error_is_logged_line_by_line(context: FakeContext) -> None:
    with pytest.raises(TaskFailure, match="exit code 1"):
        _python(context, "raise ValueError('no such country')")
    assert context.log.at("ERROR")[-1] == "ValueError: no such country"


def test_python_commands_run_a_file(context: FakeContext) -> None:
    task = make("scripts.python.Commands", commands=["python main.py {{ flow.id }}"], inputFiles={"main.py": "import sys; print(sys.argv[1])"})  # fmt: skip # noqa: E501 - a file's text
    task.run(context)
    assert context.log.at("INFO") == ["orders"]


def test_python_is_the_workers_own_where_the_path_has_none(
    context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = context.working_directory() / "empty"
    empty.mkdir()
    (empty / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(empty))
    _python(context, "import sys; print(sys.version_info[:2], 'it is {{ flow.id }}')", interpreter=["/bin/sh", "-c"])
    assert context.log.at("INFO") == [f"{sys.version_info[:2]} it is orders"]


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"taskRunner": {"type": "io.kestra.plugin.scripts.runner.docker.Docker", "x": 1}}, "Docker' is not supported"),
        ({"taskRunner": {**PROCESS, "image": "x"}}, "image"),
        ({"runner": "DOCKER"}, "runner 'DOCKER' is not supported"),
        ({"docker": {"image": "x"}}, "docker is not supported"),
        ({"containerImage": "python:slim"}, "containerImage needs a container"),
        ({"targetOS": "WINDOWS"}, "targetOS 'WINDOWS' is not supported"),
        ({"interpreter": []}, "at least 1"),
        ({"unknown": 1}, "unknown"),
    ],
)  # fmt: skip
def test_what_is_not_supported_is_refused_by_name(kind: str, properties: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        make(f"scripts.{kind}", **_minimal(kind), **properties)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(
    "properties",
    [
        {"taskRunner": PROCESS},
        {"taskRunner": {"type": "io.kestra.core.models.tasks.runners.types.ProcessTaskRunner"}},
        {"runner": "PROCESS"},
        {"taskRunner": PROCESS, "containerImage": "python:slim"},
        {"namespaceFiles": {"enabled": False}},
        {"targetOS": "LINUX"},
    ],
)
def test_what_means_the_process_runner_is_accepted(kind: str, properties: dict[str, Any]) -> None:
    make(f"scripts.{kind}", **_minimal(kind), **properties)


def test_an_ignored_image_is_a_warning(context: FakeContext) -> None:
    _shell(context, "true", taskRunner=PROCESS, containerImage="ubuntu")
    assert context.log.at("WARN") == ["containerImage is ignored: the Process runner starts no container"]


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"dependencies": ["kestra", "pandas>=2"]}, r"dependencies are not installed \(pandas>=2\)"),
        ({"packageManager": "UV"}, "packageManager is not supported"),
        ({"pythonVersion": "3.12"}, "pythonVersion is not supported"),
    ],
)
def test_python_installs_nothing(properties: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        make("scripts.python.Script", script="1", **properties)


def test_the_shipped_module_may_be_named_as_a_dependency(context: FakeContext) -> None:
    assert _python(context, "import kestra", dependencies=["kestra"])["exitCode"] == 0
