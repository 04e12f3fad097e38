"""`thermik triggers`: those with dates, and when they are due."""

from __future__ import annotations

import click

from thermik.cli.arguments import narrowed, read_name
from thermik.cli.client import Json, connect
from thermik.cli.examples import examples
from thermik.cli.figures import date_text
from thermik.cli.listing import FORMAT, print_json, print_rows
from thermik.cli.options import CONNECTION, with_settings
from thermik.settings import Settings


@click.group(epilog=examples("thermik triggers list", "thermik triggers disable shop.orders daily"))
def triggers() -> None:
    """List triggers with dates, and switch them off and on. Others are switched off in their flow."""


@triggers.command("list", epilog=examples("thermik triggers list", "thermik triggers list --flow shop.orders"))
@click.option("--namespace", help="Only this namespace's.")
@click.option("--flow", help="Only this flow's, as NAMESPACE.FLOW.")
@FORMAT
@with_settings(CONNECTION)
def list_(namespace: str | None, flow: str | None, form: str, settings: Settings) -> None:
    """List triggers with dates, each with its next date."""
    namespace, flow_id = narrowed(namespace, flow)
    with connect(settings) as client:
        found = client.triggers.list(namespace, flow_id)
    print_rows(
        found,
        [
            ("FLOW", lambda trigger: f"{trigger['namespace']}.{trigger['flowId']}"),
            ("TRIGGER", lambda trigger: trigger["triggerId"]),
            ("DISABLED", lambda trigger: "yes" if trigger["disabled"] else ""),
            ("NEXT", lambda trigger: _date(trigger, "nextExecutionDate")),
            ("LAST", lambda trigger: _date(trigger, "lastTriggeredDate")),
            ("EXECUTION", lambda trigger: trigger.get("executionId")),
        ],
        form,
    )


@triggers.command(epilog=examples("thermik triggers enable shop.orders daily"))
@click.argument("flow", metavar="NAMESPACE.FLOW")
@click.argument("trigger")
@FORMAT
@with_settings(CONNECTION)
def enable(flow: str, trigger: str, form: str, settings: Settings) -> None:
    """Switch a trigger on: it goes on with its next date."""
    _switch(flow, trigger, form, settings, disabled=False)


@triggers.command(epilog=examples("thermik triggers disable shop.orders daily"))
@click.argument("flow", metavar="NAMESPACE.FLOW")
@click.argument("trigger")
@FORMAT
@with_settings(CONNECTION)
def disable(flow: str, trigger: str, form: str, settings: Settings) -> None:
    """Switch a trigger off, without a new revision of its flow."""
    _switch(flow, trigger, form, settings, disabled=True)


def _switch(flow: str, trigger: str, form: str, settings: Settings, *, disabled: bool) -> None:
    namespace, flow_id = read_name(flow)
    with connect(settings) as client:
        found = client.triggers.switch(namespace, flow_id, trigger, disabled=disabled)
    if form == "json":
        print_json(found)
    else:
        click.echo(f"{flow} {trigger} is {'disabled' if found['disabled'] else 'enabled'}")


def _date(trigger: Json, name: str) -> str:
    text = trigger.get(name)
    return date_text(text) if text else ""
