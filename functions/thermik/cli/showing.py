"""Showing an execution until it has ended: a live tree on a terminal, plain lines anywhere else; Ctrl-C kills it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from thermik.cli import plain
from thermik.cli.client import ENDED, Client, Json
from thermik.cli.failures import FAILED, INTERRUPTED, say, tell
from thermik.cli.figures import duration_of, seconds_text, value_text
from thermik.cli.options import where_text
from thermik.cli.watching import LEVELS, Event, Watcher, follow
from thermik.records import record
from thermik.settings import Settings

KILL_SECONDS = 10.0
"""How long an interrupted run waits for the execution's end."""


EXIT_CODES = {"SUCCESS": 0, "WARNING": 0, "SKIPPED": 0, "KILLED": INTERRUPTED}
"""By the execution's state; any other is a failure."""

LEVEL = click.option(
    "--level", type=click.Choice(LEVELS), default="INFO", show_default=True, help="The least severe entries to show."
)
FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="JSON: the ended execution."
)


@record
class Showing:
    """How an execution is shown.

    Attributes:
        form: `text`, or `json` for the ended execution alone.
        watcher: what was seen of it already, and which levels of its log are wanted.
        tasks: how many tasks the flow has, for a bar; 0 shows none.
    """

    form: str
    watcher: Watcher
    tasks: int = 0


def watch(client: Client, execution: Json, showing: Showing) -> Json:
    """Show the execution until it has ended; an interrupt kills it, a second one ends the watching too."""
    try:
        return look_on(client, execution, showing)
    except KeyboardInterrupt:
        return _killed(client, execution)


def _killed(client: Client, execution: Json) -> Json:
    """Kill the execution; as it ended, or as it is where it cannot be killed."""
    say(f"interrupted: execution {execution['id']} is being killed")
    try:
        client.kill(execution["id"])
    except Exception as error:  # noqa: BLE001 - it may have ended in this moment, or the server may be gone
        tell(error)
        return client.execution(execution["id"])
    return plain.show(_ending(client, execution), sys.stderr)


def look_on(client: Client, execution: Json, showing: Showing) -> Json:
    """Show the execution until it has ended; an interrupt is the caller's. The execution as it ended."""
    if showing.form == "text" and sys.stdout.isatty():
        from thermik.cli import live

        return live.show(follow(client, execution, live.EVERY_SECONDS, showing.watcher), showing.tasks)
    out = sys.stderr if showing.form == "json" else sys.stdout  # stdout then is one JSON document, for `| jq`
    print(f"execution {execution['id']} of {execution['namespace']}.{execution['flowId']}", file=out, flush=True)
    return plain.show(follow(client, execution, plain.EVERY_SECONDS, showing.watcher), out)


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


def finish(ended: Json, form: str, settings: Settings) -> int:
    """Print how an execution ended; the command's exit code."""
    if form == "json":
        click.echo(json.dumps(ended, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(closing(ended, where_text(settings), remote=settings.url is not None)))
    state = ended["state"]["current"]
    if state == "WARNING":
        say("the execution ended with a WARNING: see its task runs")
    if state not in ENDED:
        say(f"the execution is still {state}")
        return INTERRUPTED
    return EXIT_CODES.get(state, FAILED)


def closing(execution: Json, where: str, *, remote: bool) -> Iterator[str]:
    """What is said of an ended execution: its state, its outputs, and where to look further.

    Args:
        where: options that other commands need to find it. remote: whether it is on a server already.
    """
    state = execution["state"]
    yield ""
    yield f"{state['current']} in {seconds_text(duration_of(state))}"
    outputs = execution.get("outputs") or {}
    if outputs:
        width = max(map(len, outputs))
        yield ""
        yield from (f"  {name:<{width}}  {value_text(value)}" for name, value in outputs.items())
    yield ""
    program = program_name()
    hints = {
        f"{program} executions get {execution['id']}{where}": "shows inputs, outputs and task runs",
        f"{program} executions logs {execution['id']}{where}": "prints the whole log",
    }
    if not remote:
        hints[f"{program} server{where}"] = "serves the API on this directory"
    width = max(map(len, hints))
    yield from (f"{hint:<{width}}  {text}" for hint, text in hints.items())


def program_name() -> str:
    """How this program is called from here: by its name if that is on the path, else by its place."""
    if shutil.which("thermik"):
        return "thermik"
    called = Path(sys.argv[0])
    return os.path.relpath(called) if called.name == "thermik" else "thermik"
