"""`thermik executions`: what ran and runs. What is done to executions is in modules of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import click

from thermik.cli.arguments import narrowed
from thermik.cli.client import ENDED, Client, Json, Search, connect
from thermik.cli.examples import examples
from thermik.cli.execution_actions import COMMANDS as ON_ONE
from thermik.cli.execution_bulk import COMMANDS as ON_SEVERAL
from thermik.cli.execution_watching import COMMANDS as WATCHING
from thermik.cli.figures import date_text, duration_of, seconds_text, value_text
from thermik.cli.listing import FORMAT, print_json, print_rows
from thermik.cli.options import CONNECTION, with_settings
from thermik.cli.plain import EVERY_SECONDS, lines_of
from thermik.cli.watching import LEVELS, Event, levels_from
from thermik.settings import Settings


@click.group(
    epilog=examples(
        "thermik executions list --state FAILED", "thermik executions get ID", "thermik executions logs ID --level WARN"
    )
)
def executions() -> None:
    """List, show and follow executions; kill, pause, resume, restart, replay, change and delete them."""


for command in (*ON_SEVERAL, *ON_ONE, *WATCHING):
    executions.add_command(command)


@executions.command("list", epilog=examples("thermik executions list --flow shop.orders --state FAILED --limit 5"))
@click.option("--namespace", help="Only this namespace's.")
@click.option("--flow", help="Only this flow's, as NAMESPACE.FLOW.")
@click.option("--state", help="Only those in this state.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most so many.")
@FORMAT
@with_settings(CONNECTION)
def list_(
    namespace: str | None, flow: str | None, state: str | None, limit: int, form: str, settings: Settings
) -> None:
    """List executions, newest first."""
    namespace, flow_id = narrowed(namespace, flow)
    search = Search(namespace or None, flow_id, state.upper() if state else None, limit)
    with connect(settings) as client:
        print_rows(
            client.executions(search),
            [
                ("ID", lambda found: found["id"]),
                ("FLOW", lambda found: f"{found['namespace']}.{found['flowId']}"),
                ("STATE", lambda found: found["state"]["current"]),
                ("CREATED", lambda found: date_text(found["state"]["histories"][0]["date"])),
                ("DURATION", lambda found: seconds_text(duration_of(found["state"]))),
            ],
            form,
        )


@executions.command(
    epilog=examples("thermik executions get ID", "thermik executions get ID --format json | jq .outputs")
)
@click.argument("execution")
@FORMAT
@with_settings(CONNECTION)
def get(execution: str, form: str, settings: Settings) -> None:
    """Show an execution with its task runs, inputs and outputs."""
    with connect(settings) as client:
        found = client.execution(execution)
    if form == "json":
        print_json(found)
        return
    from rich.console import Console

    from thermik.cli.live import picture

    Console(highlight=False).print(picture(found, 0))
    click.echo("\n".join(_details(found)))


@executions.command(
    epilog=examples(
        "thermik executions logs ID --level WARN",
        "thermik executions logs ID --task totals",
        "thermik executions logs ID --follow | grep orders",
    )
)
@click.argument("execution")
@click.option(
    "--level",
    type=click.Choice(LEVELS),
    default="TRACE",
    help="The least severe level to show.",
)
@click.option("--task", help="Only this task's.")
@click.option("--follow", "-f", "following", is_flag=True, help="Go on until the execution has ended.")
@FORMAT
@with_settings(CONNECTION)
def logs(execution: str, *, level: str, task: str | None, following: bool, form: str, settings: Settings) -> None:
    """Print an execution's log.

    With --follow and --format json each entry is a line of its own.
    """
    severe = levels_from(level)

    def chosen(entries: list[Json]) -> list[Json]:
        return [each for each in entries if each["level"] in severe and task in (None, each.get("taskId"))]

    with connect(settings) as client:
        found = client.execution(execution)  # so that an unknown id is told from an empty log
        if not following:
            _print_entries(chosen(client.logs(execution)), form)
            return
        for entries in _growing(client, found):
            _print_entries(chosen(entries), "lines" if form == "json" else form)
            sys.stdout.flush()


def _growing(client: Client, execution: Json) -> Iterator[list[Json]]:
    """The entries of a log as they come, until the execution has ended."""
    seen: set[str] = set()
    while True:
        ended = execution["state"]["current"] in ENDED  # looked at before the log, which then has all until the end
        log = {json.dumps(entry, sort_keys=True): entry for entry in client.logs(execution["id"])}
        yield [entry for text, entry in log.items() if text not in seen]
        seen.update(log)
        if ended:
            return
        client.wait(execution["id"], EVERY_SECONDS)
        execution = client.execution(execution["id"])


def _print_entries(entries: list[Json], form: str) -> None:
    if form == "json":
        print_json(entries)
        return
    for entry in entries:
        if form == "lines":
            click.echo(json.dumps(entry, ensure_ascii=False))
            continue
        event = Event(entry["timestamp"], entry.get("taskId", ""), entry["level"], entry["message"])
        click.echo("\n".join(lines_of(event)))


def _details(execution: Json) -> Iterator[str]:
    """Inputs, outputs and labels, each under its name."""
    for title in ("inputs", "outputs"):
        values = execution.get(title) or {}
        if values:
            yield from ("", title, *(f"  {name}  {value_text(value)}" for name, value in values.items()))
    labels = execution.get("labels") or []
    if labels:
        yield from ("", "labels", *(f"  {label['key']}  {label['value']}" for label in labels))
