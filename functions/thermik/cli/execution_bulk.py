"""What is done to several executions at once, named by their ids or found by a filter: kill, restart, delete.

Named ones must suit, and the first that does not ends the command; of those that a filter finds, the others are done.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import click

from thermik.cli.arguments import narrowed
from thermik.cli.client import ENDED, Client, Json, Search, connect
from thermik.cli.examples import examples
from thermik.cli.failures import FAILED, CommandFailed, say
from thermik.cli.listing import FORMAT as LISTED
from thermik.cli.options import CONNECTION, with_settings
from thermik.cli.outcomes import shown, tell_states, watcher_of
from thermik.cli.plain import EVERY_SECONDS
from thermik.cli.showing import EXIT_CODES, Showing, finish, watch
from thermik.settings import Settings

MOST = 10_000
"""Executions that a filter may find: more take several calls."""

_RESTARTABLE = frozenset({"FAILED", "PAUSED"})

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Selection:
    """Executions by their ids, or by a filter."""

    ids: tuple[str, ...]
    search: Search | None
    yes: bool

    def of(self, client: Client, verb: str, suits: Callable[[str], bool]) -> list[str]:
        """The ids, newest first; those that a filter finds must suit by their state, and are asked for."""
        if self.search is None:
            return [*dict.fromkeys(self.ids)]
        found = [each["id"] for each in client.executions(self.search) if suits(each["state"]["current"])]
        number = f"{len(found)} execution{'' if len(found) == 1 else 's'}"
        if found and not self.yes and not click.confirm(f"{verb} {number}?", err=True):
            raise CommandFailed("nothing was done")
        return found


def selecting(command: Command) -> Command:
    """Give a command its executions as the argument `selection`."""

    @click.argument("executions", nargs=-1, metavar="[EXECUTION]…")
    @click.option("--namespace", help="All of this namespace, in place of ids.")
    @click.option("--flow", help="All of this flow, as NAMESPACE.FLOW.")
    @click.option("--state", help="All in this state.")
    @click.option("--yes", is_flag=True, help="Do not ask about those that a filter finds.")
    @functools.wraps(command)
    def call(executions: tuple[str, ...], *, yes: bool, **rest: Any) -> Any:
        search = _search(*(rest.pop(name) for name in ("namespace", "flow", "state")))
        if (search is not None) == bool(executions):  # neither, or both: no filter may widen what was named
            raise click.UsageError("Name executions, or give --namespace, --flow or --state")
        return command(selection=Selection(executions, search, yes), **rest)

    return call


def _search(namespace: str | None, flow: str | None, state: str | None) -> Search | None:
    """What the options look for; None where none is given. Raises: click.BadParameter."""
    if namespace is None and flow is None and state is None:
        return None
    namespace, flow_id = narrowed(namespace, flow)
    return Search(namespace, flow_id, state.upper() if state else None, MOST)


def each(ids: Collection[str], act: Callable[[str], Json | None], *, strict: bool) -> tuple[list[Json], bool]:
    """Act on each; what came of those that could be acted on, and whether all could. What is refused is told.

    Raises:
        Whatever refuses an execution, if it is `strict`.
    """
    done: list[Json] = []
    for execution_id in ids:
        try:
            found = act(execution_id)
        except Exception as error:
            if strict or not type(error).__module__.startswith("thermik."):
                raise
            say(f"{execution_id}: {error}")
            continue
        if found is not None:
            done.append(found)
    return done, len(done) == len(ids)


@click.command(
    epilog=examples(
        "thermik executions kill ID",
        "thermik executions kill --flow shop.orders --state RUNNING --yes",
    )
)
@selecting
@LISTED
@with_settings(CONNECTION)
def kill(selection: Selection, form: str, settings: Settings) -> int:
    """Kill executions and what they started, whichever process runs them."""
    with connect(settings) as client:

        def act(execution_id: str) -> Json:
            client.kill(execution_id)
            return client.execution(execution_id)

        ids = selection.of(client, "Kill", lambda state: state not in ENDED)
        done, complete = each(ids, act, strict=selection.search is None)
    tell_states(done, form)
    return 0 if complete else FAILED


@click.command(
    epilog=examples(
        "thermik executions restart ID",
        "thermik executions restart ID --revision 4",
        "thermik executions restart --namespace shop --state FAILED",
    )
)
@selecting
@click.option("--revision", type=click.IntRange(min=1), help="In another revision of the flow, as a new execution.")
@shown
def restart(selection: Selection, *, revision: int | None, level: str, form: str, settings: Settings) -> int:
    """Run executions again from where they failed, and watch them.

    Without --url they go on in this process. The exit codes are those of `thermik run`; of several, 1 if one fails.
    """
    with connect(settings) as client:
        if len(selection.ids) == 1:
            watcher = watcher_of(client, selection.ids[0], level)
            restarted = client.actions.restart(selection.ids[0], revision)
            return finish(watch(client, restarted, Showing(form, watcher)), form, settings)
        ids = selection.of(client, "Restart", _RESTARTABLE.__contains__)
        strict = selection.search is None
        begun, complete = each(ids, lambda one: client.actions.restart(one, revision), strict=strict)
        ended = [_ended(client, execution) for execution in begun]
    tell_states(ended, form)
    well = all(EXIT_CODES.get(execution["state"]["current"]) == 0 for execution in ended)
    return 0 if complete and well else FAILED


@click.command(
    epilog=examples(
        "thermik executions delete ID",
        "thermik executions delete --flow shop.orders --state SUCCESS --keep-files",
    )
)
@selecting
@click.option("--keep-logs", is_flag=True, help="Keep what they logged.")
@click.option("--keep-files", is_flag=True, help="Keep their files.")
@with_settings(CONNECTION)
def delete(selection: Selection, *, keep_logs: bool, keep_files: bool, settings: Settings) -> int:
    """Delete executions that have ended, with their logs and files."""
    with connect(settings) as client:

        def act(execution_id: str) -> Json:
            client.actions.delete(execution_id, logs=not keep_logs, files=not keep_files)
            click.echo(f"{execution_id} is deleted")
            return {"id": execution_id}

        ids = selection.of(client, "Delete", ENDED.__contains__)
        _, complete = each(ids, act, strict=selection.search is None)
    return 0 if complete else FAILED


def _ended(client: Client, execution: Json) -> Json:
    """The execution once it has ended."""
    while execution["state"]["current"] not in ENDED:
        client.wait(execution["id"], EVERY_SECONDS)
        execution = client.execution(execution["id"])
    return execution


COMMANDS = (kill, restart, delete)
