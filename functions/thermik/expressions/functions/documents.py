"""Functions that read documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.formats.ion import read_ion, read_ion_rows
from thermik.expressions.formats.json_reader import read_json
from thermik.expressions.formats.yaml_reader import read_yaml
from thermik.expressions.registry import function
from thermik.expressions.values import is_text


def _read(name: str, argument: str, text: Any, read: Callable[[str], Any]) -> Any:
    if not is_text(text):
        raise ExpressionRuntimeError(f"The '{name}' function expects an argument '{argument}' with type string.")
    return read(text)


@function("fromJson", "json", required=1)
def from_json(json: Any) -> Any:
    """The value of a JSON text; null stays null."""
    return None if json is None else _read("fromJson", "json", json, read_json)


@function("json", "json", required=1)
def from_json_by_its_old_name(json: Any) -> Any:
    """The old name of `fromJson`."""
    return None if json is None else _read("json", "json", json, read_json)


@function("fromIon", "ion", "allRows", required=1)
def from_ion(ion: Any, all_rows: Any = None) -> Any:
    """The first value of an Ion text, or all of them as a list with `allRows=true`; null stays null."""
    if all_rows is not None and not isinstance(all_rows, bool):
        raise ExpressionRuntimeError("The 'fromIon' function expects an argument 'allRows' with type boolean.")
    return None if ion is None else _read("fromIon", "ion", ion, read_ion_rows if all_rows else read_ion)


@function("yaml", "yaml", required=1)
def from_yaml(yaml: Any) -> Any:
    """The value of a YAML text; dates stay text."""
    return _read("yaml", "yaml", yaml, read_yaml)
