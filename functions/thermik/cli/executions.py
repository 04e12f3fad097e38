"""`thermik executions`: what ran and runs."""

from __future__ import annotations

from collections.abc import Iterator

import click

from thermik.cli.arguments import read_name
from thermik.cli.client import Json, Search, connect
from thermik.cli.examples import examples
from thermik.cli.figures import date_text, duration_of, seconds_text, value_text
from thermik.cli.listing import FORMAT, print_json, print_rows
from thermik.cli.options import CONNECTION, with_settings
from thermik.cli.plain import lines_of
from thermik.cli.watching import LEVELS, Event, levels_from
from thermik.settings import Settings


@click.group(
    epilog=examples(
        "thermik executions list --state FAILED", "thermik executions get ID", "thermik executions logs ID --level WARN"
    )
)
def executions() -> None:
    """List, show, follow and kill executions."""


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
    flow_id = None
    if flow is not None:
        namespace, flow_id = read_name(flow)
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
    epilog=examples("thermik executions logs ID --level WARN", "thermik executions logs ID --task totals")
)
@click.argument("execution")
@click.option(
    "--level",
    type=click.Choice(LEVELS),
    default="TRACE",
    help="The least severe level to show.",
)
@click.option("--task", help="Only this task's.")
@FORMAT
@with_settings(CONNECTION)
def logs(execution: str, level: str, task: str | None, form: str, settings: Settings) -> None:
    """Print an execution's log."""
    severe = levels_from(level)
    with connect(settings) as client:
        client.execution(execution)  # so that an unknown id is told from an empty log
        entries = [
            entry
            for entry in client.logs(execution)
            if entry["level"] in severe and task in (None, entry.get("taskId"))
        ]
    if form == "json":
        print_json(entries)
        return
    for entry in entries:
        event = Event(entry["timestamp"], entry.get("taskId", ""), entry["level"], entry["message"])
        click.echo("\n".join(lines_of(event)))


@executions.command(epilog=examples("thermik executions kill ID"))
@click.argument("execution")
@with_settings(CONNECTION)
def kill(execution: str, settings: Settings) -> None:
    """Kill an execution and what it started."""
    with connect(settings) as client:
        client.kill(execution)
    click.echo(f"{execution} is being killed")


def _details(execution: Json) -> Iterator[str]:
    """Inputs, outputs and labels, each under its name."""
    for title in ("inputs", "outputs"):
        values = execution.get(title) or {}
        if values:
            yield from ("", title, *(f"  {name}  {value_text(value)}" for name, value in values.items()))
    labels = execution.get("labels") or []
    if labels:
        yield from ("", "labels", *(f"  {label['key']}  {label['value']}" for label in labels))
