"""What a Flow trigger that waits for several executions has seen so far, in the table.

One item a trigger holds all that it waits for, so one conditional write decides who completes it: of executions that
end at the same moment one is the last. The changes that completed it are remembered, so that asking again about one
of them gives the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Any

from thermik.clock import instant_text, parse_instant
from thermik.storage.errors import Conflict
from thermik.storage.table import Key, Put, Record, Table
from thermik.triggers.upstream import PartsToMeet
from thermik.triggers.windowing import Window, window_at

MAX_ROUNDS = 50
REMEMBERED = 20
"""How many of the changes that completed a trigger are remembered."""

Body = dict[str, Any]


def complete(
    table: Table, place: Key, change: str, wanted: Sequence[PartsToMeet], *, now: datetime, zone: tzinfo
) -> bool:
    """Record what an execution's change meets; whether with it everything is met.

    Raises:
        Conflict: others kept recording. TableUnavailable.
    """
    for _ in range(MAX_ROUNDS):
        found = table.get([place])[0]
        before: Body = found.body if found else {"sets": {}, "completed": []}
        if change in before["completed"]:
            return True
        after, is_complete = recorded(before, change, wanted, now, zone)
        if after == before:
            return is_complete
        record = Record(place, after) if found is None else replace(found, body=after)
        try:
            table.write(Put(replace(record, expires_at=_expiry(after, now))))
        except Conflict:
            continue
        return is_complete
    raise Conflict(f"what {place.sort} waits for is being changed by others")


def recorded(
    before: Body, change: str, wanted: Sequence[PartsToMeet], now: datetime, zone: tzinfo
) -> tuple[Body, bool]:
    """What is known after a change, and whether everything is met."""
    sets: dict[str, Any] = {}
    met_now = False
    for each in wanted:
        window, met = _window(before["sets"].get(each.id), each, now, zone)
        if window is None:
            continue
        new = {name for name, is_met in each.parts.items() if is_met}
        met_now = met_now or bool(new)
        sets[each.id] = _set(window, met | new)
    known = [set(sets[each.id]["met"]) if each.id in sets else set() for each in wanted]
    is_complete = met_now and all({*each.parts} <= met for each, met in zip(wanted, known, strict=True))
    completed = before["completed"]
    if is_complete:
        completed = [*completed, change][-REMEMBERED:]
        sets = {each.id: sets[each.id] for each in wanted if not each.resets}
    return {"sets": {name: each for name, each in sets.items() if each["met"]}, "completed": completed}, is_complete


def _window(
    known: dict[str, Any] | None, wanted: PartsToMeet, now: datetime, zone: tzinfo
) -> tuple[Window | None, set[str]]:
    """The window that is open with what was met in it, or a new one."""
    if known is not None:
        window = Window(parse_instant(known["start"]), parse_instant(known["end"]))
        if window.holds(now):
            return window, {name for name in known["met"] if name in wanted.parts}
    return window_at(wanted.window, now, zone), set()


def _set(window: Window, met: set[str]) -> dict[str, Any]:
    return {"start": instant_text(window.start), "end": instant_text(window.end), "met": sorted(met)}


def _expiry(body: Body, now: datetime) -> int:
    """Epoch seconds after which nothing of it matters: the last window's end, and a day for what is remembered."""
    ends = [parse_instant(each["end"]) for each in body["sets"].values()]
    return int(max([now, *ends]).timestamp()) + 86_400
