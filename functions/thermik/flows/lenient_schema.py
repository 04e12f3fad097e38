"""What `FlowModel` reads besides the kinds of its properties, in JSON schema: nulls, old names, numbers as texts.

Where a model says nothing of a property, the glossary does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thermik.flows.glossary import meaning

if TYPE_CHECKING:
    from thermik.flows.model import FlowModel


def lenient(model: type[FlowModel], definition: dict[str, Any]) -> dict[str, Any]:
    """A model's definition with what `FlowModel` reads besides its properties' own kinds."""
    given = definition.get("properties", {})
    required = [*definition.get("required", ()), *_needed_lists(model)]
    properties = {name: _texts(value) if name in required else _or_null(_texts(value)) for name, value in given.items()}
    result = {name: value for name, value in definition.items() if name not in ("title", "required")}
    choices = []
    for old, new in model.old_names.items():
        properties[old] = {**properties[new], "deprecated": True}
        if new in required:
            required.remove(new)
            choices.append({"anyOf": [{"required": [new]}, {"required": [old]}]})
    result["properties"] = {name: _described(model, name, _untitled(value)) for name, value in properties.items()}
    if required:
        result["required"] = required
    return {**result, "allOf": choices} if choices else result


def _described(model: type[FlowModel], name: str, schema: Any) -> Any:
    """A property with what it means, if its model does not say."""
    if not isinstance(schema, dict) or "description" in schema or "$ref" in schema:
        return schema
    text = meaning(model.__name__, name)
    return {**schema, "description": text} if text else schema


def _needed_lists(model: type[FlowModel]) -> list[str]:
    """Lists that may be left out as far as pydantic goes, and are then refused for being empty."""
    return [field.alias or name for name, field in model.model_fields.items() if field.validate_default]


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The same with null, which is as good as nothing."""
    shown = {name: value for name, value in schema.items() if not (name == "default" and value is None)}
    kind = shown.get("type")
    if "anyOf" in shown:
        return {**shown, "anyOf": [*(each for each in shown["anyOf"] if each != _NULL), _NULL]}
    if kind is not None and not {"enum", "const"} & shown.keys():
        return {**shown, "type": [*(kind if isinstance(kind, list) else [kind]), "null"]}
    if not {"$ref", "enum", "const", "oneOf"} & shown.keys():
        return shown  # anything at all
    hints: dict[str, Any] = {name: shown.pop(name) for name in ("description", "default") if name in shown}
    return {**hints, "anyOf": [shown, _NULL]}


_NULL = {"type": "null"}


def _texts(schema: Any) -> Any:
    """Wherever a text may stand, so may a number or a boolean."""
    if isinstance(schema, list):
        return [_texts(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {name: _texts(value) if name in _NESTED else value for name, value in schema.items()}
    if result.get("type") == "string" and not {"enum", "const", "format"} & result.keys():
        result["type"] = ["string", "number", "boolean"]
    return result


_NESTED = ("anyOf", "items", "additionalProperties")


def _untitled(schema: Any) -> Any:
    """Without the titles that pydantic makes of property names."""
    if isinstance(schema, list):
        return [_untitled(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: _untitled(value) for name, value in schema.items() if name != "title" or isinstance(value, dict)}
