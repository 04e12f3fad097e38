"""Lists and objects on the standard output: aligned columns for people and pipes, or JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="Columns, or what the API answers."
)

Json = dict[str, Any]


def print_rows(rows: Iterable[Json], columns: Sequence[tuple[str, Callable[[Json], Any]]], form: str) -> None:
    """A row a line, under the columns' names; or all rows as a JSON list."""
    if form == "json":
        print_json([*rows])
        return
    table = [[name for name, _ in columns], *([_text(read(row)) for _, read in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def print_json(value: Any) -> None:
    """A value as JSON, for people's eyes too."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _text(value: Any) -> str:
    return "" if value is None else str(value)
