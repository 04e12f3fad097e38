"""A mapping whose values are made when they are first asked for: what an expression does not name is not read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any


class LazyMap(Mapping[str, Any]):
    """Names with the functions that give their values; a function that raises KeyError has no value to give."""

    def __init__(self, makers: Mapping[str, Callable[[], Any]]) -> None:
        self._makers = makers
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        # What raises KeyError is no variable at all, and only making it tells: whoever lists the names pays for all.
        for name in self._makers:
            if name in self:
                yield name

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str) or name not in self._makers:
            return False
        try:
            self[name]
        except KeyError:
            return False
        return True

    def __len__(self) -> int:
        return sum(1 for _ in self)
