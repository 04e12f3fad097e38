"""`thermik schedule`: when a cron expression is due.

`--stdin` reads one JSON object a line, the properties of a Schedule trigger with `after` and `count`, and answers one a
line, `{"next": […], "previous": …}` or `{"error": …}`, so that tables of schedules can be checked.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from itertools import islice
from typing import Any

import click
from pydantic import ValidationError

from thermik.cli.lines import read_line
from thermik.clock import SystemClock, parse_instant
from thermik.expressions import render
from thermik.triggers.calendars import calendar_of
from thermik.triggers.holding import Circumstances, all_hold
from thermik.triggers.models import Schedule
from thermik.triggers.registry import TriggerRegistry
from thermik.triggers.searching import MAX_EXAMINED, first, offset_text

_TYPE = "io.kestra.plugin.core.trigger.Schedule"
_ASKED = ("after", "count")


@click.command("schedule")
@click.argument("cron", required=False)
@click.option("--timezone", help="An id such as Europe/Paris; UTC by default.")
@click.option("--seconds", is_flag=True, help="The cron has six fields, seconds first.")
@click.option("--after", help="An ISO 8601 instant; now by default.")
@click.option("--count", default=5, show_default=True, type=click.IntRange(1, 1000), help="How many dates.")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read JSON objects, one a line.")
def schedule(
    cron: str | None, *, timezone: str | None, seconds: bool, after: str | None, count: int, from_stdin: bool
) -> None:
    """List the next dates of CRON."""
    if from_stdin:
        for line in sys.stdin:
            if line.strip():
                click.echo(json.dumps(_answer_line(line)))
        return
    if cron is None:
        raise click.UsageError("Give a cron expression, or --stdin")
    asked = {"cron": cron, "timezone": timezone, "withSeconds": seconds, "after": after, "count": count}
    answered = answer({name: value for name, value in asked.items() if value is not None})
    if "error" in answered:
        raise click.ClickException(answered["error"])
    for date in answered["next"]:
        click.echo(date)


def _answer_line(line: str) -> dict[str, Any]:
    try:
        request = read_line(line, "cron")
    except ValueError as error:
        return {"error": str(error)}
    if not isinstance(request.get("count", 1), int) or not isinstance(request.get("after", ""), str):
        return {"error": "`count` must be a whole number, and `after` an ISO 8601 instant"}
    return answer(request)


def answer(request: dict[str, Any], zone: tzinfo = UTC) -> dict[str, Any]:
    """The next dates of a request's `cron`, and the previous one; or what is wrong with it."""
    properties = {name: value for name, value in request.items() if name not in _ASKED}
    context = {"triggers": TriggerRegistry()}
    try:
        trigger = Schedule.model_validate({"id": "asked", "type": _TYPE, **properties}, context=context)
        moment = parse_instant(request["after"]) if "after" in request else SystemClock().now()
    except ValidationError as error:
        return {"error": "; ".join(each["msg"].removeprefix("Value error, ") for each in error.errors())}
    except ValueError as error:
        return {"error": str(error)}
    calendar = calendar_of(trigger, zone)
    satisfies = _satisfies(trigger, zone)
    # a condition that never holds must not be looked for among all dates that there will ever be
    dates = islice(calendar.after(moment), MAX_EXAMINED)
    following = islice(filter(satisfies, dates), max(0, request.get("count", 5)))
    previous = first(calendar.before(moment), satisfies)
    return {"next": [offset_text(each) for each in following], "previous": previous and offset_text(previous)}


def _satisfies(trigger: Schedule, zone: tzinfo) -> Callable[[datetime], bool]:
    """Whether the trigger's conditions hold for a date."""

    def satisfies(date: datetime) -> bool:
        variables = {"trigger": {"date": offset_text(date.astimezone(zone))}}
        return all_hold(trigger.conditions, Circumstances(lambda text: render(text, variables), zone))

    return satisfies
