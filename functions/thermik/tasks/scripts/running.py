"""One run of a script task: files in, the process, what it printed, files out.

private directory ── environment ──┐
inputFiles ── working directory ───┼── process ── lines ── outputs, metrics, log
commands, rendered ── interpreter ─┘      └── exit code, outputFiles
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thermik.tasks.directory_files import fetch_stored, store_output_files, write_input_files
from thermik.tasks.namespace_files import fetch_namespace_files
from thermik.tasks.runnable import Outputs, RunContext, TaskFailure, TaskInterrupted
from thermik.tasks.scripts.environment import script_environment
from thermik.tasks.scripts.models import ScriptTask
from thermik.tasks.scripts.printed import Printed
from thermik.tasks.scripts.process import CannotStart, Command, Ended, run_process
from thermik.tasks.structured import rendered_list, rendered_map


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where a script runs.

    Attributes:
        working: the attempt's directory, in which it starts; a WorkingDirectory's tasks share it.
        private: a directory of this run alone, beside it: home, temporary files, fetched files.
        variables: `workingDir` and, where asked for, `outputDir`, for the task's expressions.
    """

    working: Path
    private: Path
    variables: Mapping[str, str]

    @property
    def output(self) -> Path | None:
        """The directory whose files all become outputs, if the task has one."""
        named = self.variables.get("outputDir")
        return Path(named) if named else None


Prepare = Callable[[Workplace, dict[str, str]], tuple[list[str], dict[str, str]]]
"""From the workplace and the environment to the commands (rendered) and the environment to run them with."""


def run_script(task: ScriptTask, context: RunContext, prepare: Prepare) -> Outputs:
    """Run a script task once.

    Outputs: `exitCode`, `vars` (from the script's `outputs` lines), `outputFiles` (relative path to URI). A failure
    by exit code carries them too.

    Raises:
        TaskFailure: the command failed, cannot be started, or a property cannot be used.
        TaskInterrupted: the execution was killed, or the time is over.
    """
    if task.container_image is not None:
        context.log.warn("containerImage is ignored: the Process runner starts no container")
    with _workplace(task, context) as place:
        fetch_namespace_files(context, place.working, task.namespace_files)
        write_input_files(context, place.working, _input_files(task, context, place))
        environment = script_environment(os.environ, place.private, _env(task, context, place))
        commands, environment = prepare(place, environment | _places(place))
        arguments = _arguments(task, context, place, commands)
        printed = Printed(context)
        ended = _run(Command(arguments, place.working, environment), printed, context)
        outputs = {
            "exitCode": ended.exit_code,
            "vars": printed.outputs,
            "outputFiles": _output_files(task, context, place),
        }
    if ended.exit_code:
        raise TaskFailure(_failure(ended), outputs=outputs)
    warning: bool = context.render_as(bool, task.warning_on_std_err)
    return Outputs(outputs, warning=warning and printed.errors > 0)


def rendered_commands(context: RunContext, place: Workplace, commands: Any) -> list[str]:
    """A list of commands rendered, with stored files fetched and named by their paths."""
    texts = rendered_list(context, "commands", commands, place.variables)
    return [fetch_stored(context, text, place.private / "files") for text in texts]


@contextmanager
def _workplace(task: ScriptTask, context: RunContext) -> Iterator[Workplace]:
    private = Path(tempfile.mkdtemp(prefix="thermik-"))
    try:
        working = context.working_directory()
        variables = {"workingDir": str(working)}
        if context.render_as(bool, task.output_directory):
            output = private / "output"
            output.mkdir()
            variables["outputDir"] = str(output)
        yield Workplace(working, private, variables)
    finally:
        _remove(private, context)


def _remove(folder: Path, context: RunContext) -> None:
    """Remove what a run left, folders too that the script made unwritable."""
    for path, folders, _ in os.walk(folder):
        for name in folders:
            inner = Path(path) / name
            if not inner.is_symlink():
                inner.chmod(stat.S_IRWXU)
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        context.log.warn(f"The script's temporary directory {folder} could not be removed")


def _input_files(task: ScriptTask, context: RunContext, place: Workplace) -> dict[str, Any]:
    return rendered_map(context, "inputFiles", task.input_files, place.variables)


def _env(task: ScriptTask, context: RunContext, place: Workplace) -> dict[str, str]:
    variables = rendered_map(context, "env", task.env, place.variables)
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in variables.items()
        if value is not None
    }


def _places(place: Workplace) -> dict[str, str]:
    output = {"OUTPUT_DIR": str(place.output)} if place.output else {}
    return {"WORKING_DIR": str(place.working), **output}


def _arguments(task: ScriptTask, context: RunContext, place: Workplace, commands: list[str]) -> list[str]:
    interpreter = rendered_list(context, "interpreter", task.interpreter, place.variables)
    first = rendered_commands(context, place, task.before_commands or [])
    strict: list[str] = ["set -e"] if context.render_as(bool, task.fail_fast) else []
    return [*interpreter, "\n".join([*strict, *first, *commands])]


def _run(command: Command, printed: Printed, context: RunContext) -> Ended:
    interrupted = False

    def interrupting(stop: Callable[[], None]) -> None:
        def action() -> None:
            nonlocal interrupted
            interrupted = True
            stop()

        context.on_interrupt(action)

    try:
        ended = run_process(command, printed.take, interrupting)
    except CannotStart as error:
        raise TaskFailure(f"Cannot start '{command.arguments[0]}': {error}") from error
    finally:
        printed.close()
    context.check()
    if interrupted:
        raise TaskInterrupted("The script was stopped")
    if ended.held:
        context.log.warn("The command ended and left processes running in the background; they were stopped")
    return ended


def _output_files(task: ScriptTask, context: RunContext, place: Workplace) -> dict[str, str]:
    patterns = rendered_list(context, "outputFiles", task.output_files, place.variables)
    everything = store_output_files(context, place.output, ["**"]) if place.output else {}
    return everything | store_output_files(context, place.working, patterns)


def _failure(ended: Ended) -> str:
    if ended.killed_by is None:
        return f"Command failed with exit code {ended.exit_code}"
    cause = " (out of memory, unless somebody sent it)" if ended.killed_by.name == "SIGKILL" else ""
    return f"Command failed with exit code {ended.exit_code}: killed by {ended.killed_by.name}{cause}"
