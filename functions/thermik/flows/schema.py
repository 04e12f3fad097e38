"""The JSON schema of flows, for editors: made of the same models that read a source, so the two cannot differ.

pydantic gives a definition for each model (`lenient_schema.py` adds what `FlowModel` reads besides). `_typed` ties it
to its type's name; `_any` makes the type decide which definition counts, rather than trying them all, which would take
time exponential in the nesting and tell nobody what is wrong; `_linked` puts that in the place of the bare base class.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from pydantic.json_schema import models_json_schema

from thermik.flows import aliases
from thermik.flows.flow import Flow
from thermik.flows.glossary import samples
from thermik.flows.input_types import INPUT_TYPES
from thermik.flows.inputs import Input
from thermik.flows.model import FlowModel
from thermik.flows.task import Task, TaskTypes
from thermik.flows.trigger import Condition, Trigger, TriggerTypes

DIALECT = "http://json-schema.org/draft-07/schema#"
_PREFIX = "#/definitions/"
_BASES: Mapping[type[FlowModel], str] = {
    Task: "AnyTask",
    Input: "AnyInput",
    Trigger: "AnyTrigger",
    Condition: "AnyCondition",
}
"""What stands for a base class where a model holds something of any type."""


class TypeInfo(Protocol):
    """What a listing tells of a type."""

    @property
    def name(self) -> str:
        """Today's name."""
        ...

    @property
    def aliases(self) -> tuple[str, ...]:
        """Its old names."""
        ...


class TaskCatalog(TaskTypes, Protocol):
    """Task types that can be listed."""

    def __hash__(self) -> int:
        """It can be the key of a cache."""
        ...

    def types(self) -> Iterator[TypeInfo]:
        """All types."""
        ...


class TriggerCatalog(TriggerTypes, Protocol):
    """Types of triggers and conditions that can be listed."""

    def __hash__(self) -> int:
        """It can be the key of a cache."""
        ...

    def names(self) -> list[str]:
        """All types of triggers."""
        ...

    def condition_names(self) -> list[str]:
        """All types of conditions."""
        ...

    def aliases(self, name: str) -> tuple[str, ...]:
        """The old names of one of these types."""
        ...


def flow_schema(types: TaskCatalog, triggers: TriggerCatalog | None = None) -> dict[str, Any]:
    """The JSON schema of a flow with every type of this installation."""
    tasks = {info.name: info.aliases for info in types.types()}
    groups = _groups({name: types.task(name) for name in tasks}, triggers)
    others = (
        {name: triggers.aliases(name) for name in (*triggers.names(), *triggers.condition_names())} if triggers else {}
    )
    definitions = _definitions(groups, {**tasks, **others})
    flow = definitions.pop("Flow")
    return {"$schema": DIALECT, "title": "Flow", **flow, "definitions": definitions}


def type_schema(name: str, types: TaskCatalog, triggers: TriggerCatalog | None = None) -> dict[str, Any]:
    """The JSON schema of one type of tasks, triggers or conditions, with the definitions that it needs.

    Raises:
        KeyError: no type has this name.
    """
    definitions = flow_schema(types, triggers)["definitions"]
    own = definitions[name]
    needed = _reachable(own, definitions)
    return {"$schema": DIALECT, "title": name, **own, "definitions": {key: definitions[key] for key in sorted(needed)}}


def _groups(
    tasks: Mapping[str, type[FlowModel]], triggers: TriggerCatalog | None
) -> dict[str, Mapping[str, type[FlowModel]]]:
    """The models of each kind by their types' names."""
    inputs: dict[str, type[FlowModel]] = dict(INPUT_TYPES)
    inputs.update({old: INPUT_TYPES[new] for old, new in aliases.INPUT_TYPES.items()})
    return {
        "AnyTask": tasks,
        "AnyInput": inputs,
        "AnyTrigger": {name: triggers.trigger(name) for name in triggers.names()} if triggers else {},
        "AnyCondition": {name: triggers.condition(name) for name in triggers.condition_names()} if triggers else {},
    }


def _definitions(
    groups: Mapping[str, Mapping[str, type[FlowModel]]], old_names: Mapping[str, tuple[str, ...]]
) -> dict[str, Any]:
    """Every definition by its key: a type's by the type's name."""
    typed = {model for group in groups.values() for model in group.values()}
    apart: set[type[FlowModel]] = {Flow, *_BASES, *typed}
    ordered = sorted(apart, key=lambda model: f"{model.__module__}.{model.__qualname__}")
    places, schema = models_json_schema([(model, "validation") for model in ordered], ref_template=_PREFIX + "{model}")
    definitions: dict[str, Any] = schema["$defs"]
    keys = {model: str(places[model, "validation"]["$ref"]).removeprefix(_PREFIX) for model in ordered}
    links = {_PREFIX + keys[base]: _PREFIX + name for base, name in _BASES.items()}
    linked: dict[str, Any] = _linked(definitions, links)
    result: dict[str, Any] = {"Flow": linked[keys[Flow]]}
    result.update({key: value for key, value in linked.items() if key not in keys.values()})
    for group, models in groups.items():
        result[group] = _any(models, old_names)
        for name, model in models.items():
            result[name] = _typed(linked[keys[model]], name, old_names.get(name, ()))
    return result


def _any(names: Iterable[str], old_names: Mapping[str, tuple[str, ...]]) -> dict[str, Any] | bool:
    """Something of any of these types: its `type` decides. False where there are no types."""
    spelled = {name: [name, *old_names.get(name, ())] for name in names}
    every = [spelling for spellings in spelled.values() for spelling in spellings]
    choices = [
        {"if": {"properties": {"type": {"enum": spellings}}}, "then": {"$ref": _PREFIX + name}}
        for name, spellings in spelled.items()
    ]
    kind = {"enum": every, "description": "The type."}
    return bool(every) and {"type": "object", "properties": {"type": kind}, "required": ["type"], "allOf": choices}


def _typed(definition: Mapping[str, Any], name: str, old: tuple[str, ...]) -> dict[str, Any]:
    """The definition of one type: its `type` is this name, or an old one."""
    kind: dict[str, Any] = {"const": name, "description": "The type."}
    if old:
        kind = {"description": "The type.", "anyOf": [kind, {"enum": list(old), "deprecated": True}]}
    shown = {"examples": [example]} if (example := _example(name, definition)) else {}
    return {**definition, **shown, "properties": {**definition["properties"], "type": kind}}


def _example(name: str, definition: Mapping[str, Any]) -> dict[str, Any] | None:
    """A task, trigger or condition with little more than it needs; None for an input, or where a value is not known."""
    _, dot, model = name.rpartition(".")
    required = [each for each in definition.get("required", ()) if each not in ("id", "type")]
    try:
        values = samples(model, required, definition["properties"])
    except KeyError:  # a plugin's
        return None
    named = {"id": model.lower()} if "id" in definition["properties"] else {}
    return {**named, "type": name, **values} if dot else None


def _linked(value: Any, links: Mapping[str, str]) -> Any:
    """References to a base class as references to any of its types."""
    if isinstance(value, list):
        return [_linked(item, links) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: links.get(inner, inner) if name == "$ref" and isinstance(inner, str) else _linked(inner, links)
        for name, inner in value.items()
    }


def _reachable(schema: Any, definitions: Mapping[str, Any]) -> set[str]:
    """The definitions that a schema leads to."""
    found: set[str] = set()
    waiting = [schema]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            reference = value.get("$ref")
            if isinstance(reference, str) and (name := reference.removeprefix(_PREFIX)) not in found:
                found.add(name)
                waiting.append(definitions[name])
            waiting.extend(value.values())
    return found
