"""`io.kestra.plugin.scripts.python.Commands` and `.Script`."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Any

from pydantic import Field, field_validator, model_validator

from thermik.flows.dynamic import Dynamic
from thermik.tasks.runnable import Outputs, RunContext
from thermik.tasks.scripts import models
from thermik.tasks.scripts.environment import python_environment
from thermik.tasks.scripts.models import ScriptTask
from thermik.tasks.scripts.running import Workplace, rendered_commands, run_script

_SHIPPED = "kestra"
_NOT_HERE = ("packageManager", "pythonVersion")


class PythonTask(ScriptTask):
    """What both Python types share: `python` on the path, the module `kestra`, no installation of others."""

    dependencies: list[str] | None = None
    dependency_cache_enabled: bool = True

    @field_validator("dependencies")
    @classmethod
    def _only_shipped(cls, packages: list[str] | None) -> list[str] | None:
        """`kestra` is always there; installing is for `beforeCommands`."""
        missing = [package for package in packages or [] if package.strip() != _SHIPPED]
        if missing:
            raise ValueError(
                f"dependencies are not installed ({', '.join(missing)}): have them in the worker's Python, "
                "or install them in `beforeCommands`"
            )
        return packages

    @model_validator(mode="before")
    @classmethod
    def _refuse_installation(cls, data: Any) -> Any:
        for name in _NOT_HERE:
            if isinstance(data, dict) and data.get(name) is not None:
                raise ValueError(f"{name} is not supported: scripts run with the `python` on the worker's path")
        return data


class Commands(PythonTask):
    """Run commands, most often `python file.py`, one after the other, in one process.

    The file comes from `inputFiles`, or is already in the directory of a WorkingDirectory.
    """

    commands: Dynamic[models.Commands]

    def run(self, context: RunContext) -> Outputs:
        """Run the commands; outputs as `running.run_script` says."""

        def prepare(place: Workplace, environment: dict[str, str]) -> tuple[list[str], dict[str, str]]:
            commands = rendered_commands(context, place, self.commands)
            return commands, python_environment(environment, place.private)

        return run_script(self, context, prepare)


class Script(PythonTask):
    """Run a Python script written in the flow."""

    script: str = Field(min_length=1)

    def run(self, context: RunContext) -> Outputs:
        """Run the script; outputs as `running.run_script` says."""

        def prepare(place: Workplace, environment: dict[str, str]) -> tuple[list[str], dict[str, str]]:
            [text] = rendered_commands(context, place, [self.script])
            file = _script_file(place, text)
            modules = f"{place.working}:{environment.get('PYTHONPATH', '')}"
            return [f"python {quote(str(file))}"], python_environment(
                environment | {"PYTHONPATH": modules}, place.private
            )

        return run_script(self, context, prepare)


def _script_file(place: Workplace, text: str) -> Path:
    """The script's file: outside the working directory, so that no output pattern finds it, under no module's name."""
    folder = place.private / "script"
    folder.mkdir()
    file = folder / "__main__.py"
    file.write_text(text)
    return file
