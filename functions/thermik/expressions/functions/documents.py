"""Functions that read documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.formats.ion import read_ion, read_ion_rows
from thermik.expressions.formats.json_reader import read_json
from thermik.expressions.formats.yaml_reader import read_yaml
from thermik.expressions.frames import Frame
from thermik.expressions.limits import PARSED_BYTES
from thermik.expressions.registry import function
from thermik.expressions.values import is_text


def _read(frame: Frame, name: str, argument: str, text: Any, read: Callable[[str], Any]) -> Any:
    if not is_text(text):
        raise ExpressionRuntimeError(f"The '{name}' function expects an argument '{argument}' with type string.")
    frame.shared.charge(PARSED_BYTES * len(text))
    return read(text)


@function("fromJson", "json", required=1, framed=True)
def from_json(frame: Frame, json: Any) -> Any:
    """The value of a JSON text; null stays null."""
    return None if json is None else _read(frame, "fromJson", "json", json, read_json)


@function("json", "json", required=1, framed=True)
def from_json_by_its_old_name(frame: Frame, json: Any) -> Any:
    """The old name of `fromJson`."""
    return None if json is None else _read(frame, "json", "json", json, read_json)


@function("fromIon", "ion", "allRows", required=1, framed=True)
def from_ion(frame: Frame, ion: Any, all_rows: Any = None) -> Any:
    """The first value of an Ion text, or all of them as a list with `allRows=true`; null stays null."""
    if all_rows is not None and not isinstance(all_rows, bool):
        raise ExpressionRuntimeError("The 'fromIon' function expects an argument 'allRows' with type boolean.")
    return None if ion is None else _read(frame, "fromIon", "ion", ion, read_ion_rows if all_rows else read_ion)


@function("yaml", "yaml", required=1, framed=True)
def from_yaml(frame: Frame, yaml: Any) -> Any:
    """The value of a YAML text; dates stay text."""
    return _read(frame, "yaml", "yaml", yaml, read_yaml)
