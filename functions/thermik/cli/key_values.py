"""`thermik kv`: the KV pairs of namespaces."""

from __future__ import annotations

import sys

import click

from thermik.cli.client import connect
from thermik.cli.examples import examples
from thermik.cli.failures import CommandFailed
from thermik.cli.figures import date_text, value_text
from thermik.cli.listing import FORMAT, print_json, print_rows
from thermik.cli.options import CONNECTION, with_settings
from thermik.settings import Settings

STANDARD_INPUT = "-"


@click.group(epilog=examples("thermik kv set shop threshold 100", "thermik kv get shop threshold"))
def kv() -> None:
    """Read and set the KV pairs of namespaces."""


@kv.command("list", epilog=examples("thermik kv list shop", "thermik kv list shop --format json | jq '.[].key'"))
@click.argument("namespace")
@FORMAT
@with_settings(CONNECTION)
def list_(namespace: str, form: str, settings: Settings) -> None:
    """List the keys of a namespace."""
    with connect(settings) as client:
        found = client.pairs.list(namespace)
    print_rows(
        found,
        [
            ("KEY", lambda pair: pair["key"]),
            ("REVISION", lambda pair: pair["revision"]),
            ("UPDATED", lambda pair: date_text(pair["updateDate"])),
            ("EXPIRES", lambda pair: date_text(pair["expirationDate"]) if pair.get("expirationDate") else ""),
        ],
        form,
    )


@kv.command(epilog=examples("thermik kv get shop threshold", "thermik kv get shop rates --format json | jq .type"))
@click.argument("namespace")
@click.argument("key")
@FORMAT
@with_settings(CONNECTION)
def get(namespace: str, key: str, form: str, settings: Settings) -> None:
    """Print a key's value: a text as it is, anything else as JSON. The exit code is 1 if there is none."""
    with connect(settings) as client:
        found = client.pairs.get(namespace, key)
    if found is None:
        raise CommandFailed(f"namespace {namespace} has no key {key!r}")
    if form == "json":
        print_json(found)
    else:
        click.echo(value_text(found["value"]))


@kv.command(
    "set",
    epilog=examples(
        "thermik kv set shop threshold 100",
        """thermik kv set shop rates '{"EUR": 1.0}' --ttl P1D""",
        "thermik kv set shop rates - < rates.json",
    ),
)
@click.argument("namespace")
@click.argument("key")
@click.argument("value")
@click.option("--ttl", metavar="DURATION", help="How long it lives, as an ISO 8601 duration; for ever if not given.")
@with_settings(CONNECTION)
def set_(namespace: str, key: str, value: str, *, ttl: str | None, settings: Settings) -> None:
    """Set a key, over what it has.

    The value is JSON; what is none is a text, or a date or duration if it looks like one. - reads the standard input.
    """
    text = sys.stdin.read() if value == STANDARD_INPUT else value  # a secret need not stand in the shell's history
    with connect(settings) as client:
        client.pairs.set(namespace, key, text, ttl)


@kv.command(epilog=examples("thermik kv delete shop threshold"))
@click.argument("namespace")
@click.argument("key")
@with_settings(CONNECTION)
def delete(namespace: str, key: str, settings: Settings) -> None:
    """Delete a key. The exit code is 1 if there is none."""
    with connect(settings) as client:
        if not client.pairs.delete(namespace, key):
            raise CommandFailed(f"namespace {namespace} has no key {key!r}")
    click.echo(f"{key} of {namespace} is deleted")
