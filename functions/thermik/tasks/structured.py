"""Properties that are a list or a map, or a text that renders to one: `commands: "{{ inputs.commands }}"`.

An expression renders to text, and of a list or map that text is JSON; so such a text is read as JSON here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from thermik.tasks.runnable import RunContext, TaskFailure


def rendered_list(context: RunContext, name: str, value: Any, extra: Mapping[str, Any] | None = None) -> list[str]:
    """The texts of a list property; nothing is an empty list. Other scalars in it become texts.

    Raises:
        TaskFailure: it rendered to something else; the message names the property.
    """
    items = rendered_structure(context, name, value, extra)
    if items is None:
        return []
    if not isinstance(items, list):
        raise TaskFailure(f"{name} must be a list, not {_brief(items)}")
    return [item if isinstance(item, str) else json.dumps(item) for item in items]


def rendered_map(context: RunContext, name: str, value: Any, extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The values of a map property, rendered at any depth; nothing is an empty map.

    Raises:
        TaskFailure: it rendered to something else; the message names the property.
    """
    entries = rendered_structure(context, name, value, extra)
    if entries is None:
        return {}
    if not isinstance(entries, dict):
        raise TaskFailure(f"{name} must be a map, not {_brief(entries)}")
    return entries


def rendered_structure(context: RunContext, name: str, value: Any, extra: Mapping[str, Any] | None = None) -> Any:
    """A list or map, rendered at any depth; of a text, what it is in JSON, and None where it is empty.

    Raises:
        TaskFailure: the text is no JSON.
    """
    rendered = context.render(value, extra)
    if not isinstance(value, str):
        return rendered
    try:
        return json.loads(rendered) if rendered.strip() else None
    except (ValueError, RecursionError) as error:
        raise TaskFailure(
            f"{name} must be a list or a map, or a text that is one in JSON, not {_brief(rendered)}"
        ) from error


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}…"
