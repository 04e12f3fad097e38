"""A second reading of a flow that was refused: what else is wrong with it.

pydantic runs a model's rules only where all of its properties could be read, and what cannot be read takes all that is
around it along: one misspelt property of a task hides that its neighbour calls its own flow. So a refused flow is read
once more. There a mapping with a type (a task, an input, a trigger, a condition) that is refused is read again without
the places that were refused; if that does not help, something stands in for it that has its id, so that what holds it
can be read all the same. What comes to light on the way is told with the rest.

Every mapping is read so once, however deep it lies, or each level would double the work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from thermik.flows.messages import EMPTY, translate
from thermik.flows.problems import Place

_ROUNDS = 3
"""How often a mapping is read again without what was refused: a rule may be hidden by one that was hidden itself."""

Model = TypeVar("Model", bound=BaseModel)


class Salvage:
    """The second reading of one flow.

    Args:
        data: the flow's data, with plugin defaults.

    Attributes:
        findings: what was refused, as places and Kestra's messages; in part what the first reading told too.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.findings: list[tuple[Place, str]] = []
        self.places: dict[int, Place] = dict(_places(data, ()))
        self._read: dict[int, tuple[Any, Any]] = {}

    def read(self, data: dict[str, Any], read: Callable[[dict[str, Any]], Model]) -> Model | None:
        """A mapping as far as it can be read; None for one that needs a stand-in.

        Args:
            read: reads it; raises ValidationError or PydanticCustomError.
        """
        known = self._read.get(id(data))
        if known is None:
            known = (data, self._try(data, read))
            self._read[id(data)] = known  # with the data, or another could come to have its id
        found: Model | None = known[1]
        return found

    @property
    def readable(self) -> Iterator[tuple[Place, Any]]:
        """All that was read, with its place."""
        for data, found in self._read.values():
            if found is not None:
                yield self.places.get(id(data), ()), found

    def _try(self, data: dict[str, Any], read: Callable[[dict[str, Any]], Model]) -> Model | None:
        place = self.places.get(id(data), ())
        left = data
        removed: list[Place] = []
        for _ in range(_ROUNDS):
            try:
                return read(left)
            except PydanticCustomError:
                return None  # an unknown type: told by the first reading
            except ValidationError as error:
                refused = [found for found in translate(error, left) if not _is_consequence(found, removed)]
                self.findings.extend(((*place, *inner), message) for inner, message in refused)
                places = [inner for inner, _ in refused if inner]
                if not places:
                    return None
                removed.extend(places)
                left = _repaired(left, places)
        return None


def _is_consequence(found: tuple[Place, str], removed: list[Place]) -> bool:
    """Whether something is only missed because it was taken away."""
    place, message = found
    return place in removed or (message == EMPTY and any(each[: len(place)] == place for each in removed))


def _repaired(data: dict[str, Any], places: list[Place]) -> dict[str, Any]:
    """A mapping without some of its places. Where one is not there the mapping that lacks it goes; an id is made up."""
    result: Any = data
    # from the back: to take an item out of a list moves those behind it
    for place in sorted(places, key=lambda each: [str(step).zfill(9) for step in each], reverse=True):
        result = _without(result, place)
    return {"id": "unreadable", **result} if ("id",) in places else dict(result)


def _without(value: Any, place: Place) -> Any:
    """A value without one of its places; it shares all the rest."""
    first, *rest = place
    there = first in value if isinstance(value, dict) else isinstance(value, list) and first in range(len(value))
    if not there:
        return value
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    gone = not rest or (len(rest) == 1 and isinstance(copy[first], dict) and rest[0] not in copy[first])
    if gone:
        del copy[first]
    else:
        copy[first] = _without(copy[first], tuple(rest))
    return copy


def _places(value: Any, place: Place) -> Iterator[tuple[int, Place]]:
    """The places of all mappings, by their identity."""
    if isinstance(value, dict):
        yield id(value), place
        for name, inner in value.items():
            yield from _places(inner, (*place, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _places(inner, (*place, index))
