"""Pages as Kestra's clients ask for them: by number and size, from 1, sorted by a field."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from thermik.api.errors import Unprocessable
from thermik.api.request import Request

DEFAULT_SIZE = 10
MAX_SIZE = 1000
MAX_PAGE = 1_000_000

PAGE_QUERY = "page size sort"

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Order:
    """One field to sort by, dotted where it is nested."""

    field: str
    descending: bool


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list is wanted."""

    number: int
    size: int
    orders: tuple[Order, ...] = ()

    @property
    def skip(self) -> int:
        """How many come before the page."""
        return (self.number - 1) * self.size


def page_request(request: Request) -> PageRequest:
    """The page that a request asks for. Raises: Unprocessable."""
    return PageRequest(
        number=request.number("page", 1, least=1, most=MAX_PAGE),
        size=request.number("size", DEFAULT_SIZE, least=1, most=MAX_SIZE),
        orders=tuple(map(_order, request.all("sort"))),
    )


def _order(text: str) -> Order:
    field, _, direction = text.partition(":")
    if not field or direction.lower() not in {"", "asc", "desc"}:
        raise Unprocessable(f"Parameter 'sort' must be `field:asc` or `field:desc`, not '{text[:100]}'")
    return Order(field, direction.lower() == "desc")


def sort_items(items: Iterable[Item], orders: Iterable[Order], value_of: Callable[[Item, str], Any]) -> list[Item]:
    """The items by the fields, the first counting most; what has no value comes last."""
    ordered = list(items)
    for order in reversed([*orders]):  # sorting is stable, so the field that counts most is sorted by last
        valued: list[tuple[tuple[str, Any], Item]] = []
        without: list[Item] = []
        for item in ordered:
            value = value_of(item, order.field)
            if isinstance(value, (int, float, str)):
                valued.append(((type(value).__name__, value), item))  # by kind first: kinds do not compare
            else:
                without.append(item)
        valued.sort(key=lambda pair: pair[0], reverse=order.descending)
        ordered = [*(item for _, item in valued), *without]
    return ordered


def dotted(value: Any, field: str) -> Any:
    """A nested value by its dotted name; None where there is none."""
    for part in field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
