"""Reading the fields of a definition: each reader checks one kind and names the field when it refuses.

A number may be given as a literal (`TimeoutSeconds`) or by a path (`TimeoutSecondsPath`); both become a getter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from thermik.local.interpreter.choices import is_number
from thermik.local.interpreter.errors import RUNTIME, InvalidDefinition, StateError
from thermik.local.interpreter.paths import Context, Getter, Setter, compile_path, compile_setter
from thermik.local.interpreter.templates import compile_template

MAX_SECONDS = 99_999_999
"""The longest Wait or time-out, in seconds: https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html"""

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a number may be; `whole` numbers only, unless said otherwise."""

    least: float
    most: float = float("inf")
    whole: bool = True

    def hold(self, value: Any) -> bool:
        """Is this JSON value such a number?"""
        return is_number(value) and self.least <= value <= self.most and (not self.whole or value == int(value))

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} of at least {self.least:g}" + ("" if self.most == float("inf") else f", at most {self.most:g}")


def text_of(fields: Fields, name: str) -> str:
    """A field that must be a text."""
    value = fields.get(name)
    if not isinstance(value, str):
        raise InvalidDefinition(f"{name} must be a string, not {value!r}")
    return value


def object_of(fields: Fields, name: str) -> dict[str, Any]:
    """A field that must be an object."""
    value = fields.get(name)
    if not isinstance(value, dict):
        raise InvalidDefinition(f"{name} must be an object, not {value!r}")
    return value


def list_of(fields: Fields, name: str) -> list[Any]:
    """A field that must be an array; an absent one is empty."""
    value = fields.get(name, [])
    if not isinstance(value, list):
        raise InvalidDefinition(f"{name} must be an array, not {value!r}")
    return value


def number_of(fields: Fields, name: str, default: float | None, bounds: Bounds) -> float | None:
    """A field that must be a number within bounds."""
    if name not in fields:
        return default
    value = fields[name]
    if not bounds.hold(value):
        raise InvalidDefinition(f"{name} must be {bounds}, not {value!r}")
    return float(value)


def number_or_path(fields: Fields, name: str, bounds: Bounds) -> Getter | None:
    """A number given by `name` or by `name`Path; None if neither is there."""
    by_path = f"{name}Path"
    if name in fields and by_path in fields:
        raise InvalidDefinition(f"{name} and {by_path} exclude each other")
    if by_path in fields:
        return _checked(compile_path(text_of(fields, by_path)).get, by_path, bounds)
    value = number_of(fields, name, None, bounds)
    return None if value is None else lambda _data, _context: value


def _checked(get: Getter, name: str, bounds: Bounds) -> Getter:
    def read(data: Any, context: Context) -> Any:
        value = get(data, context)
        if not bounds.hold(value):
            raise StateError(RUNTIME, f"The {name} parameter must give {bounds}, not {value!r}")
        return value

    return read


def path_or_null(fields: Fields, name: str) -> Getter | None:
    """InputPath or OutputPath: null stands for an empty object, absence (and `$`) for everything."""
    if name not in fields or fields[name] == "$":
        return None
    if fields[name] is None:
        return lambda _data, _context: {}
    return compile_path(text_of(fields, name)).get


def result_path(fields: Fields) -> Setter | None:
    """ResultPath: null drops the result, absence (and `$`) lets it replace everything."""
    if "ResultPath" not in fields or fields["ResultPath"] == "$":
        return None
    if fields["ResultPath"] is None:
        return lambda data, _result: data
    return compile_setter(text_of(fields, "ResultPath"))


def template_of(fields: Fields, name: str) -> Getter | None:
    """A payload template, if it is there."""
    return compile_template(fields[name]) if name in fields else None


def only(fields: Fields, allowed: set[str], where: str) -> None:
    """Refuse fields that do not exist or are not supported.

    Raises:
        InvalidDefinition: names them.
    """
    if unknown := sorted(set(fields) - allowed):
        raise InvalidDefinition(f"{where} has no field {', '.join(unknown)} (or it is not supported)")


def each(items: list[Any], name: str, read: Callable[[Fields], Any]) -> tuple[Any, ...]:
    """Read an array of objects."""
    for item in items:
        if not isinstance(item, dict):
            raise InvalidDefinition(f"{name} must hold objects, not {item!r}")
    return tuple(read(item) for item in items)
