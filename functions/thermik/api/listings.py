"""One page out of a stream of items that are read newest first, and how many there are in all.

Clients send page numbers, so page N means to pass over what comes before: bounded, since each item passed over is
read. The total is exact while it is near: a list of a million is not counted to show its first ten lines. Beyond the
page `COUNT_AHEAD` items are looked at; what lies further is not in the total, which then grows as one pages on.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from thermik.api.errors import Unprocessable
from thermik.api.paging import PageRequest

COUNT_AHEAD = 500
MAX_LOOKED_AT = 20_000
"""Items that one request may read: a list that needs more is to be narrowed by filters."""

Item = TypeVar("Item")


def take_page(items: Iterable[tuple[Item, bool]], page: PageRequest) -> tuple[list[Item], int]:
    """The items of a page, and the total as far as it is known.

    Args:
        items: each with whether it passes the filters; lazy.

    Raises:
        Unprocessable: the page lies too far.
    """
    taken: list[Item] = []
    total = 0
    ahead = 0
    for looked_at, (item, passes) in enumerate(items):
        if len(taken) == page.size:
            if ahead == COUNT_AHEAD:
                break
            ahead += 1
        if looked_at >= MAX_LOOKED_AT:
            if taken:
                break
            raise Unprocessable(
                f"Nothing was found in the newest {MAX_LOOKED_AT} items for page {page.number}: narrow the filters"
            )
        if passes:
            total += 1
            if total > page.skip and len(taken) < page.size:
                taken.append(item)
    return taken, total


def take_all(items: Iterable[tuple[Item, bool]]) -> list[Item]:
    """All items that pass, for what must be sorted as a whole. Raises: Unprocessable: there are too many."""
    taken: list[Item] = []
    for looked_at, (item, passes) in enumerate(items):
        if looked_at >= MAX_LOOKED_AT:
            raise Unprocessable(f"There are more than {MAX_LOOKED_AT} items: narrow the filters, or sort by date")
        if passes:
            taken.append(item)
    return taken
