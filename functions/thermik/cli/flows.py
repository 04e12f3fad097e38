"""`thermik flows`: what is saved, and saving it."""

from __future__ import annotations

from difflib import unified_diff

import click

from thermik.cli.client import Json, connect
from thermik.cli.examples import examples
from thermik.cli.failures import CommandFailed
from thermik.cli.listing import FORMAT, print_json, print_rows
from thermik.cli.options import CONNECTION, with_settings
from thermik.cli.validate import validate
from thermik.settings import Settings


@click.group(epilog=examples("thermik flows list", "thermik flows save flows/*.yaml", "thermik flows get shop orders"))
def flows() -> None:
    """List, show, save, compare, restore and delete flows."""


flows.add_command(validate)


@flows.command("list", epilog=examples("thermik flows list --namespace shop", "thermik flows list --format json"))
@click.option("--namespace", help="Only this namespace's flows.")
@FORMAT
@with_settings(CONNECTION)
def list_(namespace: str | None, form: str, settings: Settings) -> None:
    """List the flows."""
    with connect(settings) as client:
        print_rows(
            client.flows(namespace),
            [
                ("NAMESPACE", lambda flow: flow["namespace"]),
                ("ID", lambda flow: flow["id"]),
                ("REVISION", lambda flow: flow["revision"]),
                ("DISABLED", lambda flow: "yes" if flow.get("disabled") else ""),
            ],
            form,
        )


@flows.command(
    epilog=examples("thermik flows get shop orders > orders.yaml", "thermik flows get shop orders --revision 2")
)
@click.argument("namespace")
@click.argument("flow")
@click.option("--revision", type=click.IntRange(min=1), help="Not the newest revision but this one.")
@FORMAT
@with_settings(CONNECTION)
def get(namespace: str, flow: str, revision: int | None, form: str, settings: Settings) -> None:
    """Print a flow's source, or the flow as JSON."""
    with connect(settings) as client:
        found = client.flow(namespace, flow, revision)
    if form == "json":
        print_json(found)
    else:
        click.echo(found["source"], nl=not found["source"].endswith("\n"))


@flows.command(epilog=examples("thermik flows save flows/*.yaml", "cat flow.yaml | thermik flows save -"))
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@FORMAT
@with_settings(CONNECTION)
def save(files: tuple[str, ...], form: str, settings: Settings) -> None:
    """Create or update flows from files.

    All files are checked first: if a flow is refused, none is saved. A flow whose source has not changed stays as
    it is; any other gets a new revision.
    """
    from thermik.cli.sources import checked, tell_warnings
    from thermik.cli.sources import save as save_source

    wanted = checked(files)  # of all files before the first is saved: half of a set of flows would be worse than none
    for source, parsed in wanted:
        tell_warnings(source, parsed)
    with connect(settings) as client:
        saved = [save_source(client, source) for source, _ in wanted]
    if form == "json":
        print_json(saved)
        return
    for flow in saved:
        click.echo(f"{flow['namespace']}.{flow['id']}  revision {flow['revision']}")


@flows.command(epilog=examples("thermik flows revisions shop orders"))
@click.argument("namespace")
@click.argument("flow")
@FORMAT
@with_settings(CONNECTION)
def revisions(namespace: str, flow: str, form: str, settings: Settings) -> None:
    """List a flow's revisions, oldest first."""
    with connect(settings) as client:
        print_rows(
            client.revisions(namespace, flow),
            [
                ("REVISION", lambda found: found["revision"]),
                ("UPDATED", _updated),
                ("DELETED", lambda found: "yes" if found.get("deleted") else ""),
            ],
            form,
        )


@flows.command(epilog=examples("thermik flows diff shop orders 3", "thermik flows diff shop orders 1 3"))
@click.argument("namespace")
@click.argument("flow")
@click.argument("old", type=click.IntRange(min=1), metavar="REVISION")
@click.argument("new", type=click.IntRange(min=1), required=False, metavar="[REVISION]")
@with_settings(CONNECTION)
def diff(namespace: str, flow: str, old: int, new: int | None, settings: Settings) -> None:
    """Show what changed from one revision to another, or to the newest, as `diff -u` does."""
    with connect(settings) as client:
        before, after = client.flow(namespace, flow, old), client.flow(namespace, flow, new)
    old_lines, new_lines = before["source"].splitlines(), after["source"].splitlines()
    old_name, new_name = (f"{namespace}.{flow} revision {each['revision']}" for each in (before, after))
    for line in unified_diff(old_lines, new_lines, old_name, new_name, lineterm=""):
        click.echo(line)


@flows.command(epilog=examples("thermik flows restore shop orders 2"))
@click.argument("namespace")
@click.argument("flow")
@click.argument("revision", type=click.IntRange(min=1))
@with_settings(CONNECTION)
def restore(namespace: str, flow: str, revision: int, settings: Settings) -> None:
    """Save an old revision's source again, as a new revision; of a deleted flow, too."""
    with connect(settings) as client:
        saved = client.save_flow(client.flow(namespace, flow, revision)["source"])
    click.echo(f"{saved['namespace']}.{saved['id']}  revision {saved['revision']}")


@flows.command(epilog=examples("thermik flows delete shop orders", "thermik flows delete shop orders --yes"))
@click.argument("namespace")
@click.argument("flow")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_settings(CONNECTION)
def delete(namespace: str, flow: str, yes: bool, settings: Settings) -> None:
    """Delete a flow. Its executions stay, and so do its revisions."""
    if not yes and not click.confirm(f"Delete {namespace}.{flow}?"):
        raise CommandFailed("nothing was deleted")
    with connect(settings) as client:
        client.delete_flow(namespace, flow)
    click.echo(f"{namespace}.{flow} is deleted")


def _updated(found: Json) -> str:
    from thermik.cli.figures import date_text

    updated = found.get("updated")
    return date_text(updated) if updated else ""
