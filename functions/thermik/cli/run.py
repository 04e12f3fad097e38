"""`thermik run`: save a flow, start it, show how it goes, and end as it ended."""

from __future__ import annotations

import click

from thermik.cli.arguments import INPUT, is_file, read_inputs, read_labels, read_name
from thermik.cli.client import Client, Start, connect
from thermik.cli.examples import examples
from thermik.cli.options import CONNECTION, with_settings
from thermik.cli.showing import FORMAT, LEVEL, Showing, finish, watch
from thermik.cli.watching import Watcher, levels_from
from thermik.settings import Settings


@click.command(
    epilog=examples(
        "thermik run flow.yaml --input name=Ada --label team=data",
        "thermik run examples/orders/flow.yaml --input orders=@examples/orders/orders.csv",
        "thermik run examples.shop.orders --input orders=@other.csv --url https://example.com",
    )
)
@click.argument("flow", metavar="FILE|NAMESPACE.FLOW")
@INPUT
@click.option("--label", "-l", "labels", multiple=True, metavar="KEY:VALUE", help="A label of the execution.")
@click.option("--revision", type=click.IntRange(min=1), help="Of a saved flow, not the newest revision but this one.")
@LEVEL
@FORMAT
@with_settings(CONNECTION)
def run(
    flow: str,
    *,
    inputs: tuple[str, ...],
    labels: tuple[str, ...],
    revision: int | None,
    level: str,
    form: str,
    settings: Settings,
) -> int:
    """Run a flow, watch it, and print its outputs.

    A file's flow is saved first: a new revision if it has changed. Without --url it runs in this process. Interrupting
    the command kills the execution.

    The exit code is 0 if the execution ends as SUCCESS, or as WARNING with a line that says so; 1 if it fails; 130
    if it is killed.
    """
    texts, files = read_inputs(inputs)
    given = read_labels(labels)
    with connect(settings) as client:
        namespace, flow_id, tasks = _flow(client, flow)
        execution = client.start(Start(namespace, flow_id, revision, texts, files, given))
        ended = watch(client, execution, Showing(form, Watcher(levels_from(level)), tasks))
    return finish(ended, form, settings)


def _flow(client: Client, named: str) -> tuple[str, str, int]:
    """Namespace and id of the flow to run, saved if it is a file, and how many tasks it has (0: not known)."""
    if is_file(named):
        from thermik.cli.sources import save_file

        saved = save_file(client, named)
        return saved["namespace"], saved["id"], len(saved.get("tasks") or ())
    return (*read_name(named), 0)
