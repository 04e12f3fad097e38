"""Showing an execution until it has ended: a live tree on a terminal, plain lines anywhere else; Ctrl-C kills it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from thermik.cli import plain
from thermik.cli.client import ENDED, Client, Json
from thermik.cli.failures import say
from thermik.cli.figures import duration_of, seconds_text, value_text
from thermik.cli.watching import Event, follow

KILL_SECONDS = 10.0
"""How long an interrupted run waits for the execution's end."""


@dataclass(frozen=True, slots=True)
class Showing:
    """How a run is shown: as text or only its end as JSON, and which levels of its log."""

    form: str
    levels: tuple[str, ...]


def watch(client: Client, execution: Json, tasks: int, showing: Showing) -> Json:
    """Show the execution until it has ended; an interrupt kills it, a second one ends the watching too."""
    try:
        return _show(client, execution, tasks, showing)
    except KeyboardInterrupt:
        say(f"interrupted: execution {execution['id']} is being killed")
        client.kill(execution["id"])
        return plain.show(_ending(client, execution), sys.stderr)


def _show(client: Client, execution: Json, tasks: int, showing: Showing) -> Json:
    if showing.form == "text" and sys.stdout.isatty():
        from thermik.cli import live

        return live.show(follow(client, execution, live.EVERY_SECONDS, showing.levels), tasks)
    out = sys.stderr if showing.form == "json" else sys.stdout
    print(f"execution {execution['id']} of {execution['namespace']}.{execution['flowId']}", file=out, flush=True)
    return plain.show(follow(client, execution, plain.EVERY_SECONDS, showing.levels), out)


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
