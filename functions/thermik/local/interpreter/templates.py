"""Payload templates: the JSON of Parameters, ItemSelector and ResultSelector, whose `.$` fields are filled in."""

from __future__ import annotations

from typing import Any

from thermik.local.interpreter.calls import compile_dynamic
from thermik.local.interpreter.errors import InvalidDefinition
from thermik.local.interpreter.paths import Context, Getter


def compile_template(template: Any) -> Getter:
    """Compile a payload template; parts without dynamic fields are shared, not copied.

    Raises:
        InvalidDefinition: a dynamic field is no path or intrinsic function, or a field is there twice.
    """
    if not _is_dynamic(template):
        return lambda _data, _context: template
    if isinstance(template, dict):
        return _object([_field(name, value) for name, value in template.items()], template)
    items = [compile_template(item) for item in template]
    return lambda data, context: [item(data, context) for item in items]


def _is_dynamic(template: Any) -> bool:
    if isinstance(template, dict):
        return any(name.endswith(".$") or _is_dynamic(value) for name, value in template.items())
    return isinstance(template, list) and any(_is_dynamic(item) for item in template)


def _field(name: str, value: Any) -> tuple[str, Getter]:
    if not name.endswith(".$"):
        return name, compile_template(value)
    if not isinstance(value, str):
        raise InvalidDefinition(f"the value of {name!r} must be a path or an intrinsic function, not {value!r}")
    return name[:-2], compile_dynamic(value)


def _object(fields: list[tuple[str, Getter]], template: dict[str, Any]) -> Getter:
    if len({name for name, _ in fields}) != len(fields):
        raise InvalidDefinition(f"a field is there twice, with and without '.$': {', '.join(template)}")

    def fill(data: Any, context: Context) -> dict[str, Any]:
        return {name: getter(data, context) for name, getter in fields}

    return fill
