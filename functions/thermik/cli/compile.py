"""`thermik compile`: the state machine that a flow becomes, as text for review or as a summary."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import click

from thermik.cli.examples import examples
from thermik.cli.sources import checked_one
from thermik.machines.compiler import Definition, compile_flow


@click.command(
    "compile",
    epilog=examples(
        "thermik compile examples/orders/flow.yaml | jq '.States | keys'",
        "thermik compile --format summary examples/orders/flow.yaml",
    ),
)
@click.argument("file", metavar="FILE")
@click.option("--format", "form", type=click.Choice(["json", "summary"]), default="json", help="All of it, or figures.")
def compile_(file: str, form: str) -> None:
    """Show the state machine that a flow becomes.

    It is Amazon States Language; ${WorkerArn} stands for the worker function. Nothing is saved.
    """
    _, parsed = checked_one(file)
    definition = compile_flow(parsed.flow)
    machine = json.loads(definition.text)
    click.echo(json.dumps(machine, indent=2) if form == "json" else _summary(definition, machine))


def _summary(definition: Definition, machine: dict[str, Any]) -> str:
    kinds = Counter(state["Type"] for _, state in _states(machine))
    counted = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
    return "\n".join(
        [
            f"digest   {definition.digest}",
            f"size     {len(definition.text.encode())} bytes",
            f"events   {definition.events} estimated in the history of one pass",
            f"states   {kinds.total()}: {counted}",
            *(f"  {name}  ({state['Type']})" for name, state in _states(machine)),
        ]
    )


def _states(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every state with its name, those within Parallel and Map states behind theirs."""
    for name, state in machine["States"].items():
        yield name, state
        for inner in [*state.get("Branches", []), *filter(None, [state.get("ItemProcessor")])]:
            yield from _states(inner)
