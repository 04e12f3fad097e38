"""`io.kestra.plugin.scripts.shell.Commands` and `.Script`."""

from __future__ import annotations

from pydantic import Field

from thermik.flows.dynamic import Dynamic
from thermik.tasks.runnable import Outputs, RunContext
from thermik.tasks.scripts import models
from thermik.tasks.scripts.models import ScriptTask
from thermik.tasks.scripts.running import Workplace, rendered_commands, run_script


class Commands(ScriptTask):
    """Run shell commands, one after the other, in one process.

    They stop at the first that fails, unless `failFast` is false.
    """

    commands: Dynamic[models.Commands]

    def run(self, context: RunContext) -> Outputs:
        """Run the commands; outputs as `running.run_script` says."""

        def prepare(place: Workplace, environment: dict[str, str]) -> tuple[list[str], dict[str, str]]:
            return rendered_commands(context, place, self.commands), environment

        return run_script(self, context, prepare)


class Script(ScriptTask):
    """Run a shell script written in the flow.

    It stops at the first command that fails, unless `failFast` is false.
    """

    script: str = Field(min_length=1)

    def run(self, context: RunContext) -> Outputs:
        """Run the script; outputs as `running.run_script` says."""

        def prepare(place: Workplace, environment: dict[str, str]) -> tuple[list[str], dict[str, str]]:
            return rendered_commands(context, place, [self.script]), environment

        return run_script(self, context, prepare)
