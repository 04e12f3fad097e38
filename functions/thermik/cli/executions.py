"""`thermik executions`: what ran and runs."""

from __future__ import annotations

from collections.abc import Iterator

import click

from thermik.cli.arguments import read_name
from thermik.cli.client import Json, Search, connect
from thermik.cli.examples import examples
from thermik.cli.failures import CommandFailed
from thermik.cli.figures import date_text, duration_of, seconds_text, value_text
from thermik.cli.listing import FORMAT, print_json, print_rows
from thermik.cli.options import CONNECTION, with_settings
from thermik.cli.plain import lines_of
from thermik.cli.showing import FORMAT as SHOWN
from thermik.cli.showing import LEVEL, Showing, finish, watch
from thermik.cli.watching import LEVELS, Event, Watcher, levels_from, run_name
from thermik.settings import Settings


@click.group(
    epilog=examples(
        "thermik executions list --state FAILED", "thermik executions get ID", "thermik executions logs ID --level WARN"
    )
)
def executions() -> None:
    """List, show, kill, restart and replay executions."""


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


@executions.command(epilog=examples("thermik executions restart ID"))
@click.argument("execution")
@LEVEL
@SHOWN
@with_settings(CONNECTION)
def restart(execution: str, level: str, form: str, settings: Settings) -> int:
    """Run an execution again from where it failed, and watch it.

    Without --url it goes on in this process. The exit codes are those of `thermik run`.
    """
    with connect(settings) as client:
        watcher = Watcher(levels_from(level))
        watcher.news(client.execution(execution), client.logs(execution))  # what has been is not shown again
        ended = watch(client, client.restart(execution), Showing(form, watcher))
    return finish(ended, form, settings)


@executions.command(epilog=examples("thermik executions replay ID", "thermik executions replay ID --task totals"))
@click.argument("execution")
@click.option("--task", help="Begin at this task's run, as `executions get` names it; not at the start.")
@click.option("--revision", type=click.IntRange(min=1), help="Run another revision of the flow.")
@LEVEL
@SHOWN
@with_settings(CONNECTION)
def replay(execution: str, *, task: str | None, revision: int | None, level: str, form: str, settings: Settings) -> int:
    """Run another execution like an old one, and watch it.

    With --task it keeps what ran before that task. Without --url it runs in this process. The exit codes are those of
    `thermik run`.
    """
    with connect(settings) as client:
        begin = _run_of(client.execution(execution), task) if task is not None else None
        created = client.replay(execution, begin, revision)
        ended = watch(client, created, Showing(form, Watcher(levels_from(level))))
    return finish(ended, form, settings)


def _run_of(execution: Json, task: str) -> str:
    """The id of the task run of this name, the first of several."""
    for run in execution.get("taskRunList") or []:
        if run_name(run) == task:
            return str(run["id"])
    raise CommandFailed(f"execution {execution['id']} has no task run {task!r}")


def _details(execution: Json) -> Iterator[str]:
    """Inputs, outputs and labels, each under its name."""
    for title in ("inputs", "outputs"):
        values = execution.get(title) or {}
        if values:
            yield from ("", title, *(f"  {name}  {value_text(value)}" for name, value in values.items()))
    labels = execution.get("labels") or []
    if labels:
        yield from ("", "labels", *(f"  {label['key']}  {label['value']}" for label in labels))
