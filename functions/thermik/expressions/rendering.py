"""Rendering of whole property values: a text, or lists and maps of texts at any depth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thermik.expressions.frames import Shared
from thermik.expressions.limits import MAX_DATA_DEPTH, too_deep_data
from thermik.expressions.services import Services
from thermik.expressions.template import compile_template, is_template, render_rounds
from thermik.expressions.values import is_items, is_map


def render(value: Any, variables: Mapping[str, Any], services: Services | None = None) -> Any:
    """Render a property: texts are templates, lists and maps are rendered item by item, keys too; the rest stays.

    Raises:
        ExpressionError: a text cannot be read or rendered; located in that text.
    """
    shared = Shared()
    try:
        recursive = bool(getattr(services, "recursive_rendering", False))
        return render_within(value, variables, services, shared, recursive=recursive)
    finally:
        shared.give_back()


def render_within(
    value: Any,
    variables: Mapping[str, Any],
    services: Services | None,
    shared: Shared,
    *,
    recursive: bool,
    depth: int = 0,
) -> Any:
    """`render` as a part of a rendering that runs already."""
    if isinstance(value, str):
        if not is_template(value):
            return value
        if recursive:
            return render_rounds(value, variables, services, shared)
        return compile_template(value).run(variables, services, shared)
    if depth > MAX_DATA_DEPTH:
        raise too_deep_data()
    shared.spend(1)  # lists that share items are endless without being deep

    def inner(item: Any) -> Any:
        return render_within(item, variables, services, shared, recursive=recursive, depth=depth + 1)

    if is_map(value):
        return {inner(key): inner(value[key]) for key in value}
    return [inner(item) for item in value] if is_items(value) else value
