"""What a Flow trigger that waits for several executions has seen so far, in the table.

One item a trigger holds all that it waits for, so one conditional write decides who completes it: of executions that
end at the same moment one is the last. The changes that completed it are remembered, with the executions that met its
parts, so that asking again about one of them gives the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    table: Table, place: Key, change: str, execution: str, wanted: Sequence[PartsToMeet], *, now: datetime, zone: tzinfo
) -> list[str] | None:
    """Record what an execution's change meets.

    Returns: the executions that met the parts, in order, if with this one everything is met; else None.

    Raises:
        Conflict: others kept recording. TableUnavailable.
    """
    for _ in range(MAX_ROUNDS):
        found = table.get([place])[0]
        before: Body = found.body if found else {"sets": {}, "completed": []}
        if change in before["completed"]:
            return _met_by(before, change)
        after, is_complete = recorded(before, change, execution, wanted, now, zone)
        if after == before:
            return _met_by(after, change) if is_complete else None
        record = Record(place, after) if found is None else replace(found, body=after)
        try:
            table.write(Put(replace(record, expires_at=_expiry(after, now))))
        except Conflict:
            continue
        return _met_by(after, change) if is_complete else None
    raise Conflict(f"what {place.sort} waits for is being changed by others")


def _met_by(body: Body, change: str) -> list[str]:
    found: list[str] = body.get("by", {}).get(change, [])
    return found


def recorded(
    before: Body, change: str, execution: str, wanted: Sequence[PartsToMeet], now: datetime, zone: tzinfo
) -> tuple[Body, bool]:
    """What is known after a change, and whether everything is met."""
    sets: dict[str, Any] = {}
    met_now = False
    for each in wanted:
        window, met = _window(before["sets"].get(each.id), each, now, zone)
        if window is None:
            continue
        new = {name: execution for name, is_met in each.parts.items() if is_met}
        met_now = met_now or bool(new)
        sets[each.id] = _set(window, {name: by for name, by in met.items() if name not in new} | new)
    known = [set(sets[each.id]["met"]) if each.id in sets else set() for each in wanted]
    is_complete = met_now and all({*each.parts} <= met for each, met in zip(wanted, known, strict=True))
    completed, by = before["completed"], before.get("by", {})
    if is_complete:
        completed = [*completed, change][-REMEMBERED:]
        met_by = dict.fromkeys(one for each in wanted for one in sets[each.id]["by"].values() if one)
        by = {name: ids for name, ids in {**by, change: [*met_by]}.items() if name in completed}
        sets = {each.id: sets[each.id] for each in wanted if not each.resets}
    kept = {name: each for name, each in sets.items() if each["met"]}
    return {"sets": kept, "completed": completed, "by": by}, is_complete


def _window(
    known: dict[str, Any] | None, wanted: PartsToMeet, now: datetime, zone: tzinfo
) -> tuple[Window | None, dict[str, str | None]]:
    """The window that is open with what was met in it, and by which execution, or a new one."""
    if known is not None:
        window = Window(parse_instant(known["start"]), parse_instant(known["end"]))
        if window.holds(now):
            by = known.get("by", {})
            order = [*by, *(name for name in known["met"] if name not in by)]
            return window, {name: by.get(name) for name in order if name in wanted.parts}
    return window_at(wanted.window, now, zone), {}


def _set(window: Window, met: Mapping[str, str | None]) -> dict[str, Any]:
    ends = {"start": instant_text(window.start), "end": instant_text(window.end)}
    return {**ends, "met": sorted(met), "by": dict(met)}


def _expiry(body: Body, now: datetime) -> int:
    """Epoch seconds after which nothing of it matters: the last window's end, and a day for what is remembered."""
    ends = [parse_instant(each["end"]) for each in body["sets"].values()]
    return int(max([now, *ends]).timestamp()) + 86_400
