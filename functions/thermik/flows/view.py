"""A flow as the API shows it: what its author wrote, under today's names, without plugin defaults."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from thermik.clock import instant_text
from thermik.flows import aliases

_OWN = ("revision", "deleted", "tenantId", "source")
"""Properties that the server tells, whatever the source has in their place."""


def flow_json(
    data: Mapping[str, Any],
    *,
    revision: int | None = None,
    deleted: bool = False,
    updated: datetime | None = None,
    source: str | None = None,
) -> dict[str, Any]:
    """The API's Flow object of a source's data: nulls left out, labels as a list, the required fields there.

    Args:
        source: the text, where it was asked for.
    """
    shown = _without_nulls(_renamed({name: value for name, value in data.items() if name not in _OWN}, aliases.FLOW))
    if "labels" in shown:
        shown["labels"] = _labels(shown["labels"])
    if isinstance(shown.get("inputs"), list):
        shown["inputs"] = [_input(declared) for declared in shown["inputs"]]
    told = {
        "revision": revision,
        "updated": instant_text(updated) if updated else None,
        "disabled": shown.get("disabled", False),
        "deleted": deleted,
        "draft": False,
        "source": source,
    }
    return {**shown, **_without_nulls(told)}


def outline_json(data: Mapping[str, Any], **details: Any) -> dict[str, Any]:
    """The API's "flow for execution": as `flow_json`, of tasks and triggers only id and type, children included."""
    shown = flow_json(data, **details)
    for section in ("tasks", "errors", "finally", "afterExecution", "triggers"):
        if section in shown:
            shown[section] = _outline(shown[section])
    return shown


def _outline(value: Any) -> Any:
    """Lists of mappings with an id and a type, and what holds such lists; all else is left out."""
    if isinstance(value, list):
        return [found for item in value if (found := _outline(item)) is not None]
    if not isinstance(value, dict):
        return None
    kept = {name: value[name] for name in ("id", "type") if name in value}
    for name, inner in value.items():
        if isinstance(inner, list | dict) and (found := _outline(inner)):
            kept[name] = found
    return kept or None


def _input(declared: Any) -> Any:
    if not isinstance(declared, dict):
        return declared
    old = aliases.MULTISELECT if declared.get("type") == "MULTISELECT" else aliases.INPUT
    return _renamed(declared, old)


def _renamed(mapping: Mapping[str, Any], old: Mapping[str, str]) -> dict[str, Any]:
    return {old.get(name, name): value for name, value in mapping.items()}


def _labels(labels: Any) -> list[dict[str, Any]]:
    pairs = labels.items() if isinstance(labels, dict) else [(label["key"], label["value"]) for label in labels]
    return [{"key": key, "value": _text(value)} for key, value in pairs]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value
