"""A Map over numbers, twice: as it is for few turns, distributed for many.

A Map writes the events of all its turns into the machine's one history, which is bounded. So a loop with many
values runs in a second Map, a distributed one, whose turns are machine executions with histories of their own.
"""

from __future__ import annotations

from dataclasses import replace

from thermik.machines.copies import copied
from thermik.machines.limits import events_of
from thermik.machines.states import Exceeds, Level, Turns

LOOP_EVENTS = 5_000
"""History events that the turns of one loop may write into the machine's own history (a fifth of what it holds)."""

DISTRIBUTED_LIMIT = 500
"""Turns at a time of a distributed loop without a limit: half of Lambda's default concurrency
(https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html), so that others run beside it."""


def add_turns(level: Level, few: Turns, mark: str) -> str:
    """Put both Maps into the level; returns the state that chooses by `$.opened.count`.

    Args:
        mark: the task's id, which tells the names of the second from those of the first.
    """
    many = replace(
        few,
        name=f"{mark}:many",
        level=copied(few.level, mark),
        limit=few.limit or DISTRIBUTED_LIMIT,
        distributed=True,
    )
    # 0 where a single turn writes more than that: then each loop that has values is distributed.
    bound = LOOP_EVENTS // events_of(few.level)
    return level.add(Exceeds(f"{mark}:count", "opened.count", bound, above=level.add(many), next=level.add(few)))
