"""`thermik validate`: every problem of some flows at once, before anything is saved."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from thermik.cli.examples import examples
from thermik.cli.failures import FAILED
from thermik.cli.sources import check, read_sources
from thermik.cli.start import work


@click.command(
    epilog=examples(
        "thermik validate flows/*.yaml",
        "thermik validate --format json examples/orders/flow.yaml",
    )
)
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to tell the problems.")
def validate(files: tuple[str, ...], form: str) -> int:
    """Find every problem of some flows, as file:line:column.

    A file may hold several flows, as YAML documents; - reads the standard input. The exit code is 0 if all
    flows are valid and 1 if one is not; warnings do not count.
    """
    work()
    results = [(source, *check(source)) for file in files for source in read_sources(file)]
    problems = [problem for _, _, found in results for problem in found]
    if form == "json":
        click.echo(json.dumps([asdict(problem) for problem in problems], indent=2, ensure_ascii=False))
    else:
        for source, parsed, found in results:
            for problem in found:
                click.echo(str(problem))
            if parsed is not None:
                click.echo(f"{source.file}: {parsed.flow.namespace}.{parsed.flow.id} is valid")
    return FAILED if any(parsed is None for _, parsed, _ in results) else 0
