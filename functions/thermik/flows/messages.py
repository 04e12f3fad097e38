"""pydantic's errors in Kestra's words, at the places that the source has.

pydantic names a place by the model's names and adds the branches of unions; `source_place` finds the way in what
was written. The words are a table: error type to message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from thermik.flows.aliases import old_names
from thermik.flows.problems import Place
from thermik.flows.support import NOT_HERE

UNRECOGNIZED = "Unrecognized field"
EMPTY = "must not be empty"

_JAVA_MAX = 2_147_483_647
"""The upper bound that Java names where there is none."""

_LEAST_SIZES: Mapping[Place, int] = {("id",): 1, ("namespace",): 1}
"""Lower bounds that Kestra names beside an upper one; 0 anywhere else."""


def translate(error: ValidationError, data: Any) -> Iterator[tuple[Place, str]]:
    """The place in the source's data and Kestra's message of everything that a model refused."""
    seen = set()
    for each in error.errors(include_url=False):
        place = source_place(tuple(each["loc"]), data, absent=each["type"] in _ABSENT)
        found = (place, _message(dict(each), place))
        if found not in seen:  # a union tells the same of each of its branches
            seen.add(found)
            yield found


def source_place(location: Place, data: Any, *, absent: bool = False) -> Place:
    """Where in the data pydantic's location is.

    Args:
        absent: the last step is something that is not there.
    """
    place: list[str | int] = []
    for number, step in enumerate(location):
        name = _step(data, step)
        if name is not None:
            place.append(name)
            data = data[name]
        elif absent and number == len(location) - 1:
            place.append(step)
    return tuple(place)


def _step(data: Any, step: str | int) -> str | int | None:
    """The key or index of the data that a step means; None for a step that is pydantic's own (a union's branch)."""
    if isinstance(data, list):
        return step if isinstance(step, int) and step < len(data) else None
    if not isinstance(data, dict):
        return None
    if isinstance(step, int):  # labels are a list to the model, even where the source has a map
        return list(data)[step] if step < len(data) else None
    return next((name for name in (step, *old_names(step)) if name in data), None)


_ABSENT = {"missing", "too_short"}


def _size(least: int, most: int) -> str:
    return f"size must be between {least} and {most}"


def _too_short(context: Mapping[str, Any], _: Place) -> str:
    least = context["min_length"]
    return EMPTY if least == 1 else _size(least, _JAVA_MAX)


def _string_too_short(context: Mapping[str, Any], _: Place) -> str:
    least = context["min_length"]
    return "must not be blank" if least == 1 else _size(least, _JAVA_MAX)


_MESSAGES: Mapping[str, Callable[[Mapping[str, Any], Place], str]] = {
    "missing": lambda _, __: "must not be null",
    "string_pattern_mismatch": lambda context, _: f'must match "{context["pattern"]}"',
    "string_too_short": _string_too_short,
    "string_too_long": lambda context, place: _size(_LEAST_SIZES.get(place, 0), context["max_length"]),
    "too_short": _too_short,
    "too_long": lambda context, _: _size(0, context["max_length"]),
    "greater_than": lambda context, _: f"must be greater than {context['gt']}",
    "greater_than_equal": lambda context, _: f"must be greater than or equal to {context['ge']}",
    "less_than": lambda context, _: f"must be less than {context['lt']}",
    "less_than_equal": lambda context, _: f"must be less than or equal to {context['le']}",
    "union_tag_invalid": lambda context, _: f"Invalid type: {context['tag']}",
    "union_tag_not_found": lambda _, __: "type must not be null",
    "value_error": lambda context, _: str(context["error"]),
}


def _message(error: Mapping[str, Any], place: Place) -> str:
    kind = error["type"]
    if kind == "extra_forbidden":
        name = str(error["loc"][-1])
        hint = f": {NOT_HERE[name]}" if name in NOT_HERE else ""
        return f'{UNRECOGNIZED} "{name}"{hint}'
    if kind in ("enum", "literal_error"):
        accepted = error["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
        return f'Cannot deserialize value from "{error["input"]}": not one of the values accepted: [{accepted}]'
    words = _MESSAGES.get(kind)
    if words is not None:
        return words(error.get("ctx", {}), place)
    return (
        str(error["msg"])
        .replace("Input should be a valid dictionary or instance of", "must be a mapping:")
        .replace("Input should be", "must be")
    )
