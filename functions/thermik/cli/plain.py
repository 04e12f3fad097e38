"""An execution as plain lines, for pipes and files: one a change of state, one an entry of the log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from thermik.cli.client import Json
from thermik.cli.figures import time_text
from thermik.cli.watching import Event

EVERY_SECONDS = 0.25
"""How often a pipe hears of what is new."""


def show(looks: Iterable[tuple[Json, list[Event]]], out: TextIO) -> Json:
    """Write the lines as they come; the execution as it was at the last look."""
    execution: Json = {}
    for execution, events in looks:  # noqa: B007 - the last one is what is wanted
        for event in events:
            for line in lines_of(event):
                print(line, file=out)
        out.flush()
    return execution


def lines_of(event: Event) -> list[str]:
    """The lines of an event: a message of several lines is indented under its first."""
    first, *others = event.text.splitlines() or [""]
    head = f"{time_text(event.date)}  {event.task:<16}  {event.kind:<8}"
    return [f"{head}  {first}".rstrip(), *(f"{'':{len(head)}}  {line}".rstrip() for line in others)]
