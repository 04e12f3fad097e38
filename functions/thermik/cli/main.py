"""`thermik`: the group of all commands, and where their errors end."""

from __future__ import annotations

import os
import sys

import click

import thermik
from thermik.cli.examples import examples
from thermik.cli.failures import INTERRUPTED, MISUSED, say, tell
from thermik.cli.lazy import LazyGroup, Place
from thermik.cli.start import begin

COMMANDS = {
    "run": Place("thermik.cli.run:run", "Run a flow, watch it, and print its outputs."),
    "server": Place("thermik.cli.server:server", "Serve the API and run executions until stopped."),
    "validate": Place("thermik.cli.validate:validate", "Find every problem of some flows, with line and column."),
    "compile": Place("thermik.cli.compile:compile_", "Show the state machine that a flow becomes."),
    "render": Place(
        "thermik.cli.render:render",
        "Render an expression.",
        examples("thermik render '{{ 6 * 7 }}'", "thermik render '{{ user.name | upper }}' --vars variables.json"),
    ),
    "expressions": Place(
        "thermik.cli.render:expressions",
        "List what expressions can use.",
        examples("thermik expressions | grep date", "thermik expressions --json | jq '.[].name'"),
    ),
    "schema": Place("thermik.cli.schema:schema", "Print the JSON schema of flows, for editors."),
    "schedule": Place(
        "thermik.cli.schedule:schedule",
        "List the next dates of a cron expression.",
        examples("thermik schedule '0 9 * * MON-FRI' --timezone Europe/Paris"),
    ),
    "flows": Place("thermik.cli.flows:flows", "List, show, save, compare, restore and delete flows."),
    "executions": Place(
        "thermik.cli.executions:executions", "List, show, kill, pause, resume, restart, replay and change executions."
    ),
    "deploy": Place("thermik.cli.deploy:deploy", "Put Thermik on AWS, or bring it up to date."),
    "kv": Place("thermik.cli.key_values:kv", "Read and set the KV pairs of namespaces."),
    "triggers": Place("thermik.cli.triggers:triggers", "List triggers with dates, and switch them off and on."),
    "namespaces": Place("thermik.cli.namespaces:namespaces", "List namespaces, and keep their files."),
}


@click.group(
    cls=LazyGroup,
    places=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "thermik run examples/orders/flow.yaml --input orders=@examples/orders/orders.csv",
    ),
)
@click.version_option(thermik.__version__, prog_name="thermik")
def cli() -> None:
    """Run Kestra flows: here, or on AWS without servers."""


def main() -> None:
    """The program's entry point."""
    begin()
    sys.exit(call(sys.argv[1:]))


def call(arguments: list[str]) -> int:
    """Carry out a command line; the exit code. A command that returns a number returns that."""
    try:
        result = cli.main(args=arguments, prog_name="thermik", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        return _misused(error)
    except (click.Abort, KeyboardInterrupt):
        say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:  # whoever read has gone: that is an end like any other
        # Python flushes stdout once more when it ends, and would tell of the broken pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the last one to know: a traceback is not for people
        return tell(error)
    return result if isinstance(result, int) else 0


def _misused(error: click.ClickException) -> int:
    """A wrong call; the group alone, which click takes for one, is a question for help."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return MISUSED
    say(error.format_message())
    context = getattr(error, "ctx", None)
    if context is not None:
        say(f"`{context.command_path} --help` tells how it is called")
    return error.exit_code
