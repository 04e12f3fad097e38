"""`thermik render`: render an expression at the terminal; `thermik expressions`: list what expressions can use.

`--stdin` reads one JSON object a line, `{"expression": …, "variables": {…}}`, and answers one a line, `{"value": …}` or
`{"error": …}`, so that tables of expressions can be checked.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from random import SystemRandom
from typing import Any
from zoneinfo import ZoneInfo

import click

from thermik.cli.lines import read_line
from thermik.clock import SystemClock
from thermik.expressions import ExpressionError, compile_template, registry
from thermik.expressions.services import Services


class TerminalServices:
    """The ports that a terminal can offer: the clock, the local zone, chance; files and secrets belong to a worker."""

    def __init__(self, *, recursive: bool = False) -> None:
        self._clock = SystemClock()
        self.default_zone = local_zone()
        self.random = SystemRandom()
        self.recursive_rendering = recursive

    def now(self) -> datetime:
        """The current instant."""
        return self._clock.now()


def local_zone() -> tzinfo:
    """The zone of this machine: of `TZ`, of `/etc/localtime`, else UTC."""
    # by name, not by offset: dates of the other half of the year have another one
    name = os.environ.get("TZ") or os.path.realpath("/etc/localtime").partition("zoneinfo/")[2]
    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, ValueError, OSError):
        return UTC


@click.command("render")
@click.argument("expression", required=False)
@click.option(
    "--vars", "variables_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A JSON file."
)
@click.option("--stdin", "from_stdin", is_flag=True, help="Read JSON objects, one a line.")
@click.option("--typed", is_flag=True, help="Answer the value as JSON instead of text.")
@click.option("--recursive", is_flag=True, help="Render until the text no longer changes.")
def render(
    expression: str | None, variables_file: Path | None, *, from_stdin: bool, typed: bool, recursive: bool
) -> None:
    """Render EXPRESSION with the variables of a file."""
    services: Any = TerminalServices(recursive=recursive)
    if from_stdin:
        for line in sys.stdin:
            if line.strip():
                click.echo(json.dumps(answer(line, services), ensure_ascii=False))
        return
    if expression is None:
        raise click.UsageError("Give an expression, or --stdin")
    variables = _variables(variables_file) if variables_file else {}
    try:
        template = compile_template(expression)
        result = json.dumps(template.evaluate(variables, services)) if typed else template.render(variables, services)
    except ExpressionError as error:
        raise click.ClickException(error.message) from error
    click.echo(result)


def _variables(file: Path) -> dict[str, Any]:
    """The JSON object in a file. Raises: click.UsageError."""
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise click.UsageError(f"{file}:{error.lineno}:{error.colno}: no JSON: {error.msg}") from error
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{file}: no UTF-8 text (byte {error.start + 1})") from error
    except RecursionError as error:
        raise click.UsageError(f"{file}: nested too deeply") from error
    if not isinstance(value, dict):
        raise click.UsageError(f"{file}:1:1: a JSON object is expected")
    return value


def answer(line: str, services: Services) -> dict[str, Any]:
    """The answer to one line of `--stdin`."""
    try:
        request = read_line(line, "expression")
    except ValueError as error:
        return {"error": str(error)}
    variables = request.get("variables") or {}
    if not isinstance(variables, dict):
        return {"error": "`variables` must be a JSON object"}
    try:
        return {"value": compile_template(str(request["expression"])).render(variables, services)}
    except ExpressionError as error:
        return {"error": error.message}


@click.command("expressions")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for an editor.")
def expressions(*, as_json: bool) -> None:
    """List the filters, functions and tests of the expression language."""
    entries = [entry for kind in ("filter", "function", "test") for entry in registry.everything(kind)]
    if as_json:
        fields = ("kind", "name", "arguments", "documentation")
        click.echo(json.dumps([{field: getattr(entry, field) for field in fields} for entry in entries]))
        return
    for entry in entries:
        click.echo(f"{entry.kind:9}{entry.signature:60} {entry.documentation.splitlines()[0]}")


if __name__ == "__main__":
    render()
