"""The values of a loop, from what the flow's author wrote: a list, or a text that renders to one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from thermik.flows.openings import CannotOpen, Rendering

MAX_VALUES = 40_000
"""Values of one loop: their numbers travel in the machine, which takes 256 KB
(https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""


def loop_values(written: str | Sequence[Any], rendering: Rendering) -> tuple[str, ...]:
    """The values as texts, each once, in order: a text as it is, anything else as compact JSON.

    Raises:
        ExpressionError: they cannot be rendered.
        CannotOpen: there is no list, a null is in it, or something that no value can be.
    """
    values = (
        _parsed(rendering.text(written))
        if isinstance(written, str)
        else [_element(each, rendering) for each in written]
    )
    nulls = sum(value is None for value in values)
    if nulls:
        raise CannotOpen(f"Found '{nulls}' null values on Each, with values={_shown(values)}")
    texts = tuple(dict.fromkeys(value if isinstance(value, str) else _json(value) for value in values))
    if len(texts) > MAX_VALUES:
        raise CannotOpen(f"{len(texts)} values; a loop takes at most {MAX_VALUES}: use ForEachItem over a file")
    return texts


def _parsed(text: str) -> list[Any]:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise CannotOpen(f"The values are no JSON list: {error}") from error
    if not isinstance(values, list):
        raise CannotOpen("The values are no JSON list")
    return values


def _element(element: Any, rendering: Rendering) -> Any:
    """An element of a list in the flow: texts and maps are rendered, integers are texts."""
    if isinstance(element, str):
        return rendering.text(element)
    if isinstance(element, int) and not isinstance(element, bool):
        return str(element)
    if isinstance(element, dict):
        return rendering.value(element)
    raise CannotOpen(f"Unknown value element type: {type(element).__name__}")


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _shown(values: Sequence[Any]) -> str:
    return "[" + ", ".join("null" if value is None else str(value) for value in values) + "]"
