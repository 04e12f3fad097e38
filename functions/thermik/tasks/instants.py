"""Dates that a task's property renders to, as Kestra reads them: ISO 8601 with an offset, seconds and zone optional."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from thermik.tasks.runnable import RunContext, TaskFailure

_ZONED = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d(?::?\d\d)?))(?:\[[\w/+-]+\])?")


def rendered_instant(context: RunContext, name: str, text: str) -> datetime:
    """The instant that a text renders to, in UTC.

    Raises:
        TaskFailure: it is none; the message names the property.
    """
    rendered = str(context.render(text)).strip()
    found = _ZONED.fullmatch(rendered)
    try:
        if found is not None:
            return datetime.fromisoformat(found[1]).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise TaskFailure(f"{name}: '{rendered}' is no date: {error}") from error
    raise TaskFailure(f"{name}: '{rendered}' is no date with an offset, such as 2024-05-06T08:00:00Z")


def rendered_period(context: RunContext, start: str | None, end: str) -> tuple[datetime | None, datetime]:
    """The period that `startDate` and `endDate` render to. Raises: TaskFailure."""
    first = None if start is None else rendered_instant(context, "startDate", start)
    return first, rendered_instant(context, "endDate", end)
