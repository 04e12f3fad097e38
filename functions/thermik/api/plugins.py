"""What flows can be made of: the types of this installation, their documentation, and the schema for editors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from thermik.api.errors import NotFound
from thermik.api.request import Request
from thermik.api.routing import Router
from thermik.api.services import Services
from thermik.expressions import registry

if TYPE_CHECKING:
    from thermik.flows.schema import TaskCatalog, TriggerCatalog


BASE = "/api/v1/plugins"

_PARTS = {"task": "AnyTask", "trigger": "AnyTrigger", "plugindefault": "PluginDefault"}
"""What else than flows has a schema, and the definition that says it."""

router = Router("Plugins", prefix="")


@router.route("GET", BASE)
def plugins(services: Services, _request: Request) -> list[dict[str, Any]]:
    """The types of tasks, triggers and conditions, by the family that their names begin with."""
    types, triggers = services.types, services.triggers
    kinds = {
        "tasks": [info.name for info in types.types()],
        "triggers": triggers.names() if triggers else [],
        "conditions": triggers.condition_names() if triggers else [],
    }
    families = sorted({_family(name) for names in kinds.values() for name in names})
    return [
        {"name": family, "title": family.rpartition(".")[2], "group": family, **_members(family, kinds)}
        for family in families
    ]


@router.route("GET", f"{BASE}/schemas/<kind>")
def schema(services: Services, request: Request) -> dict[str, Any]:
    """The JSON schema of a flow, or of a task, trigger or plugin default of any type."""
    from thermik.flows.schema import DIALECT

    kind = request["kind"].lower()
    whole = _flow_schema(services.types, services.triggers)
    if kind == "flow":
        return whole
    if kind not in _PARTS:
        raise NotFound(f"There is no schema of '{kind}': it is one of flow, {', '.join(_PARTS)}")
    reference = f"#/definitions/{_PARTS[kind]}"
    return {"$schema": DIALECT, "$ref": reference, "definitions": whole["definitions"]}


@router.route("GET", f"{BASE}/<name>")  # tried after `schemas` and `pebble`, which have more parts
def documentation(services: Services, request: Request) -> dict[str, Any]:
    """One type: its text, and the schema of its properties."""
    from thermik.flows.schema import type_schema

    name = request["name"]
    try:
        found = type_schema(name, services.types, services.triggers)
    except KeyError:
        raise NotFound(f"There is no type '{name}'") from None
    return {"markdown": "\n".join(_markdown(name, found)), "schema": {"properties": found}}


@router.route("GET", f"{BASE}/pebble/filters", f"{BASE}/pebble/functions")
def expressions(_services: Services, request: Request) -> list[str]:
    """The names of the filters, or of the functions, of expressions."""
    kind: registry.Kind = "filter" if request.path.endswith("filters") else "function"
    return sorted(entry.name for entry in registry.everything(kind))


@cache
def _flow_schema(types: TaskCatalog, triggers: TriggerCatalog | None) -> dict[str, Any]:
    """The whole schema, made once: it takes a second, and imports every type."""
    from thermik.flows.schema import flow_schema

    return flow_schema(types, triggers)


def _family(name: str) -> str:
    return name.rpartition(".")[0]


def _members(family: str, kinds: dict[str, list[str]]) -> dict[str, list[dict[str, Any]]]:
    return {kind: [{"cls": name} for name in names if _family(name) == family] for kind, names in kinds.items()}


def _markdown(name: str, schema: dict[str, Any]) -> Iterable[str]:
    yield f"# {name}\n"
    yield schema.get("description", "")
    yield "\n## Properties\n"
    required = schema.get("required", [])
    for key, said in schema["properties"].items():
        yield " ".join(_property(key, said, is_required=key in required))


def _property(key: str, said: dict[str, Any], *, is_required: bool) -> Iterator[str]:
    yield f"- `{key}`"
    if is_required:
        yield "(required)"
    if said.get("default") is not None:
        yield f"(default `{said['default']}`)"
    if said.get("description"):
        yield f"— {said['description']}"
