"""How commands end that do something to an execution: it is watched where it goes on here, else told as it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from thermik.cli.client import Client, Json
from thermik.cli.failures import CommandFailed
from thermik.cli.listing import print_json, print_rows
from thermik.cli.options import CONNECTION, with_settings
from thermik.cli.showing import FORMAT, LEVEL, Showing, finish, watch
from thermik.cli.watching import Watcher, levels_from, run_name
from thermik.settings import Settings

Command = Callable[..., Any]


def shown(command: Command) -> Command:
    """Give a command the options of one that may end with an execution to watch."""
    return LEVEL(FORMAT(with_settings(CONNECTION)(command)))


def watcher_of(client: Client, execution_id: str, level: str) -> Watcher:
    """One that has seen what has been of an execution, so that only what comes is shown."""
    watcher = Watcher(levels_from(level))
    watcher.news(client.execution(execution_id), client.logs(execution_id))
    return watcher


def outcome(client: Client, execution: Json, showing: Showing, settings: Settings) -> int:
    """Watch an execution to its end if it goes on in this process; else tell how it stands. The exit code."""
    if client.actions.runs_here(execution["id"]):
        return finish(watch(client, execution, showing), showing.form, settings)
    tell_state(execution, showing.form)
    return 0


def tell_state(execution: Json, form: str) -> None:
    """An execution's id and state, or all of it."""
    if form == "json":
        print_json(execution)
    else:
        click.echo(f"{execution['id']}  {execution['state']['current']}")


def tell_states(executions: list[Json], form: str) -> None:
    """Several executions' ids and states, a line each."""
    print_rows(executions, [("ID", lambda each: each["id"]), ("STATE", lambda each: each["state"]["current"])], form)


def run_of(execution: Json, named: str) -> str:
    """The id of a task run, by its id or by its name as `executions get` shows it, the first of several.

    Raises:
        CommandFailed: there is none.
    """
    for run in execution.get("taskRunList") or []:
        if named in (run["id"], run_name(run)):
            return str(run["id"])
    raise CommandFailed(f"execution {execution['id']} has no task run {named!r}")
