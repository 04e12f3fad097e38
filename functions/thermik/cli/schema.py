"""`thermik schema`: the JSON schema of flows, for an editor or any validator."""

from __future__ import annotations

import json
from difflib import get_close_matches

import click

from thermik.cli.examples import examples
from thermik.cli.failures import CommandFailed


@click.command(
    epilog=examples(
        "thermik schema > flow.schema.json",
        "thermik schema io.kestra.plugin.core.http.Request | jq .properties",
    )
)
@click.argument("name", required=False, metavar="[TYPE]")
def schema(name: str | None) -> None:
    """Print the JSON schema of a flow, or of one type of tasks, triggers or conditions.

    An editor with yaml-language-server completes and checks a flow whose first line is
    `# yaml-language-server: $schema=flow.schema.json`.
    """
    from thermik.flows.schema import flow_schema, type_schema
    from thermik.tasks.registry import Registry
    from thermik.triggers.registry import TriggerRegistry

    types, triggers = Registry(), TriggerRegistry()
    try:
        found = flow_schema(types, triggers) if name is None else type_schema(name, types, triggers)
    except KeyError:
        known = [*types.names(), *triggers.names(), *triggers.condition_names()]
        near = get_close_matches(str(name), known, n=1)
        raise CommandFailed(f"there is no type {name}{f'; did you mean {near[0]}?' if near else ''}") from None
    click.echo(json.dumps(found, indent=2))
