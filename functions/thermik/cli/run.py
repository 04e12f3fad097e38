"""`thermik run`: save a flow, start it, show how it goes, and end as it ended."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from thermik.cli import plain
from thermik.cli.client import ENDED, Client, Json, Start, connect
from thermik.cli.examples import examples
from thermik.cli.failures import FAILED, INTERRUPTED, say
from thermik.cli.figures import duration_of, seconds_text, value_text
from thermik.cli.options import CONNECTION, with_settings
from thermik.cli.watching import Event, follow
from thermik.settings import Settings

KILL_SECONDS = 10.0
"""How long an interrupted run waits for the execution's end."""

EXIT_CODES = {"SUCCESS": 0, "WARNING": 0, "SKIPPED": 0, "KILLED": INTERRUPTED}
"""By the execution's state; any other is a failure."""


@click.command(
    epilog=examples(
        "thermik run flow.yaml --input name=Ada --label team=data",
        "thermik run examples/orders/flow.yaml --input orders=@examples/orders/orders.csv",
        "thermik run examples.shop.orders --input orders=@other.csv --url https://example.com",
    )
)
@click.argument("flow", metavar="FILE|NAMESPACE.FLOW")
@click.option("--input", "-i", "inputs", multiple=True, metavar="KEY=VALUE", help="An input; KEY=@PATH sends a file.")
@click.option("--label", "-l", "labels", multiple=True, metavar="KEY:VALUE", help="A label of the execution.")
@click.option("--revision", type=click.IntRange(min=1), help="Of a saved flow, not the newest revision but this one.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="JSON: the ended execution."
)
@with_settings(CONNECTION)
def run(
    flow: str, *, inputs: tuple[str, ...], labels: tuple[str, ...], revision: int | None, form: str, settings: Settings
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
        ended = _watch(client, execution, tasks, form)
    if form == "json":
        click.echo(json.dumps(ended, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(closing(ended)))
    return _exit_code(ended)


def read_inputs(inputs: tuple[str, ...]) -> tuple[dict[str, str], dict[str, Path]]:
    """Texts and files by input: `k=v`, `k=@path`; `k=@@v` is the text `@v`. Raises: click.BadParameter."""
    texts: dict[str, str] = {}
    files: dict[str, Path] = {}
    for given in inputs:
        key, sign, value = given.partition("=")
        if not key or not sign:
            raise click.BadParameter(f"{given!r} is not KEY=VALUE", param_hint="--input")
        if key in texts or key in files:
            raise click.BadParameter(f"{key!r} is given twice", param_hint="--input")
        if value.startswith("@") and not value.startswith("@@"):
            files[key] = _existing(Path(value[1:]))
        else:
            texts[key] = value.removeprefix("@")
    return texts, files


def read_labels(labels: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Labels, `k:v` or `k=v`, whichever sign comes first. Raises: click.BadParameter."""
    pairs = []
    for given in labels:
        at = min((given.index(sign) for sign in ":=" if sign in given), default=0)
        if at == 0:
            raise click.BadParameter(f"{given!r} is not KEY:VALUE", param_hint="--label")
        pairs.append((given[:at], given[at + 1 :]))
    return tuple(pairs)


def closing(execution: Json) -> Iterator[str]:
    """What is said of an ended execution: its state, its outputs, and where to look further."""
    state = execution["state"]
    yield ""
    yield f"{state['current']} in {seconds_text(duration_of(state))}"
    outputs = execution.get("outputs") or {}
    if outputs:
        width = max(map(len, outputs))
        yield ""
        yield from (f"  {name:<{width}}  {value_text(value)}" for name, value in outputs.items())
    yield ""
    yield f"thermik executions get {execution['id']}   shows each task run"
    yield f"thermik executions logs {execution['id']}  its log"


def _flow(client: Client, named: str) -> tuple[str, str, int]:
    """Namespace and id of the flow to run, saved if it is a file, and how many tasks it has (0: not known)."""
    if named == "-" or "/" in named or named.endswith((".yaml", ".yml")) or Path(named).is_file():
        from thermik.cli.sources import save_file

        saved = save_file(client, named)
        return saved["namespace"], saved["id"], len(saved.get("tasks") or ())
    namespace, dot, flow_id = named.rpartition(":" if ":" in named else ".")
    if not dot:
        raise click.BadParameter(f"{named!r} is neither a file nor NAMESPACE.FLOW", param_hint="FILE|NAMESPACE.FLOW")
    return namespace, flow_id, 0


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise click.BadParameter(f"there is no file {str(path)!r}", param_hint="--input")
    return path


def _watch(client: Client, execution: Json, tasks: int, form: str) -> Json:
    """Show the execution until it has ended; an interrupt kills it, a second one ends the watching too."""
    try:
        return _show(client, execution, tasks, form)
    except KeyboardInterrupt:
        say(f"interrupted: execution {execution['id']} is being killed")
        client.kill(execution["id"])
        return plain.show(_ending(client, execution), sys.stderr)


def _show(client: Client, execution: Json, tasks: int, form: str) -> Json:
    if form == "text" and sys.stdout.isatty():
        from thermik.cli import live

        return live.show(follow(client, execution, live.EVERY_SECONDS), tasks)
    out = sys.stderr if form == "json" else sys.stdout
    print(f"execution {execution['id']} of {execution['namespace']}.{execution['flowId']}", file=out, flush=True)
    return plain.show(follow(client, execution, plain.EVERY_SECONDS), out)


def _ending(client: Client, execution: Json) -> Iterator[tuple[Json, list[Event]]]:
    """The looks at an execution that is being killed, for so long as that may take."""
    left = KILL_SECONDS
    while left > 0:
        execution = client.execution(execution["id"])
        yield execution, []
        if execution["state"]["current"] in ENDED:
            return
        client.wait(execution["id"], plain.EVERY_SECONDS)
        left -= plain.EVERY_SECONDS


def _exit_code(execution: Json) -> int:
    state = execution["state"]["current"]
    if state == "WARNING":
        say("the execution ended with a WARNING: see its task runs")
    if state not in ENDED:
        say(f"the execution is still {state}")
        return INTERRUPTED
    return EXIT_CODES.get(state, FAILED)
