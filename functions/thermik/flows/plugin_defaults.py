"""Plugin defaults: values for the properties of every task, trigger, condition or task runner of a type.

They work on the source's data, before any model reads it, and reach every mapping with a `type` in the sections
that hold tasks and triggers, at any depth. The stored source never changes. Which value wins, strongest first:
forced ones (the flow's before global ones), the source's own, defaults that are not forced (the flow's first).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from typing import Any

from thermik.flows.model import FlowModel
from thermik.flows.problems import Place
from thermik.flows.rules import TASK_SECTIONS
from thermik.flows.task import TaskTypes, UnknownType
from thermik.flows.trigger import TriggerTypes
from thermik.records import record

SECTIONS = (*TASK_SECTIONS, "triggers")
"""Properties of a flow below which defaults reach."""

NAMES = ("pluginDefaults", "taskDefaults")
"""How the list of defaults is called, today's name first."""


@record
class Default:
    """Values for a type, or for all types that begin so."""

    type: str
    values: dict[str, Any] = field(default_factory=dict)
    forced: bool = False


def flow_defaults(data: dict[str, Any]) -> list[Default]:
    """The defaults that a flow's data brings; entries of a wrong shape are left to the flow's validation."""
    _, listed = _listed(data)
    return [
        Default(entry["type"], entry["values"], entry.get("forced") is True)
        for entry in listed
        if isinstance(entry, dict) and isinstance(entry.get("type"), str) and isinstance(entry.get("values"), dict)
    ]


def _listed(data: dict[str, Any]) -> tuple[str, list[Any]]:
    """The list of defaults as the data has it, and how it calls it."""
    return next(((name, data[name]) for name in NAMES if isinstance(data.get(name), list)), (NAMES[0], []))


def apply(
    data: dict[str, Any],
    global_defaults: Sequence[Default] = (),
    *,
    same: Callable[[str, str], bool] = str.__eq__,
) -> dict[str, Any]:
    """A flow's data with all defaults in it; the same object where there are none.

    Args:
        same: whether two names are of the same type, so that old names and today's meet.
    """
    defaults = [*flow_defaults(data), *global_defaults]
    if not defaults:
        return data
    merged = _Merger(defaults, same)
    return {name: merged.within(value) if name in SECTIONS else value for name, value in data.items()}


@record
class _Merger:
    defaults: Sequence[Default]
    same: Callable[[str, str], bool]

    def within(self, value: Any) -> Any:
        """A value with the defaults of every mapping in it."""
        if isinstance(value, list):
            return [self.within(item) for item in value]
        if not isinstance(value, dict):
            return value
        inner = {name: self.within(item) for name, item in value.items()}
        kind = inner.get("type")
        return self._with_defaults(inner, kind) if isinstance(kind, str) else inner

    def _with_defaults(self, mapping: dict[str, Any], kind: str) -> dict[str, Any]:
        fitting = [each for each in self.defaults if self._fits(each, kind)]
        for default in fitting:
            if not default.forced:
                mapping = _merge(default.values, mapping)
        for default in reversed(fitting):  # the last one merged wins: the flow's, which come first, over global ones
            if default.forced:
                mapping = _merge(mapping, default.values)
        return mapping

    def _fits(self, default: Default, kind: str) -> bool:
        return kind.startswith(default.type) or self.same(kind, default.type)


def _merge(weak: dict[str, Any], strong: dict[str, Any]) -> dict[str, Any]:
    """Two mappings in one: maps merge, lists follow one another, else the strong value counts; a null is no value."""
    result = dict(weak)
    for name, value in strong.items():
        other = result.get(name)
        if isinstance(other, dict) and isinstance(value, dict):
            result[name] = _merge(other, value)
        elif isinstance(other, list) and isinstance(value, list):
            result[name] = [*other, *value]
        elif value is not None or other is None:
            result[name] = value
    return result


def model_of(name: str, types: TaskTypes, triggers: TriggerTypes | None) -> type[FlowModel] | None:
    """The model of a full type's name; None for a prefix, or a type of something else."""
    finders: list[Callable[[str], type[FlowModel]]] = [types.task]
    if triggers is not None:
        finders += [triggers.trigger, triggers.condition]
    for find in finders:
        try:
            return find(name)
        except UnknownType:
            continue
    return None


def unknown_properties(
    data: dict[str, Any], find: Callable[[str], type[FlowModel] | None]
) -> Iterator[tuple[Place, str]]:
    """Values that no property of their type takes, as places and Kestra's message; a prefix is not checked.

    Args:
        find: the model of a full type's name, or None.
    """
    name, listed = _listed(data)
    for index, entry in enumerate(listed):
        kind = entry.get("type") if isinstance(entry, dict) else None
        model = find(kind) if isinstance(kind, str) else None
        if model is None or not isinstance(entry.get("values"), dict):
            continue
        for given in entry["values"]:
            if given not in model.property_names():
                message = f"Invalid Plugin Default: No property '{given}' exists in plugin '{kind}'"
                yield (name, index, "values", given), message
