"""One page out of a stream of items that are read newest first, and how many there are in all.

Clients send page numbers, so page N means to pass over what comes before: bounded, since each item passed over is
read. The total is exact while it is near: a list of a million is not counted to show its first ten lines. Beyond the
page `COUNT_AHEAD` items are looked at; what lies further is not in the total, which then grows as one pages on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from thermik.api.errors import Unprocessable
from thermik.api.paging import PageRequest

COUNT_AHEAD = 500  # enough for a few more pages to be offered, at the cost of one more query
MAX_LOOKED_AT = 20_000
"""Items that one request may read; a page that needs more says that it is not complete."""

Item = TypeVar("Item")
Shown = TypeVar("Shown")


@dataclass(frozen=True, slots=True)
class Listed(Generic[Item]):
    """A page of a list.

    Attributes:
        total: how many there are, as far as it is known.
        complete: false where the search was given up: there may be more that was not looked at.
    """

    items: list[Item]
    total: int
    complete: bool = True

    def wire(self, shown: list[Any]) -> dict[str, Any]:
        """The page in the API's shape, of these items as they are shown."""
        more = {} if self.complete else {"incomplete": True}
        return {"results": shown, "total": self.total, **more}

    def of(self, items: list[Shown]) -> Listed[Shown]:
        """The same page of the same items in another form."""
        return Listed(items, self.total, self.complete)


def take_page(items: Iterable[tuple[Item, bool]], page: PageRequest) -> Listed[Item]:
    """A page of items that come one by one, each with whether it passes the filters."""
    taken: list[Item] = []
    total = ahead = 0
    for looked_at, (item, passes) in enumerate(items):
        if len(taken) == page.size:
            if ahead == COUNT_AHEAD:
                break
            ahead += 1
        if looked_at >= MAX_LOOKED_AT:
            return Listed(taken, total, complete=len(taken) == page.size)
        if passes:
            total += 1
            if total > page.skip and len(taken) < page.size:
                taken.append(item)
    return Listed(taken, total)


def page_of(items: list[Item], page: PageRequest) -> Listed[Item]:
    """A page of items that are all there."""
    return Listed(items[page.skip : page.skip + page.size], len(items))


def take_all(items: Iterable[tuple[Item, bool]]) -> list[Item]:
    """All items that pass, for what must be sorted as a whole. Raises: Unprocessable: there are too many."""
    taken: list[Item] = []
    for looked_at, (item, passes) in enumerate(items):
        if looked_at >= MAX_LOOKED_AT:
            raise Unprocessable(f"There are more than {MAX_LOOKED_AT} items: narrow the filters, or sort by date")
        if passes:
            taken.append(item)
    return taken
