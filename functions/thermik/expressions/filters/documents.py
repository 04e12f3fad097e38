"""Filters that write documents, and jq."""

from __future__ import annotations

from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.formats.ion import to_ion
from thermik.expressions.formats.jq import query
from thermik.expressions.formats.json_reader import read_json
from thermik.expressions.formats.yaml_writer import to_yaml
from thermik.expressions.frames import Frame
from thermik.expressions.printing import to_json
from thermik.expressions.registry import filter_
from thermik.expressions.values import is_text


@filter_("toJson", takes_null=True)
def write_json(value: Any) -> str:
    """The value as JSON text; null gives `null`."""
    return to_json(value)


@filter_("json", takes_null=True)
def write_json_by_its_old_name(value: Any) -> str:
    """The old name of `toJson`."""
    return to_json(value)


@filter_("toIon", takes_null=True)
def write_ion(value: Any) -> str:
    """The value as Ion text; null gives `null`."""
    return to_ion(value)


@filter_("yaml", takes_null=True)
def write_yaml(value: Any) -> str:
    """The value as YAML text; null gives `null`."""
    return "null" if value is None else to_yaml(value)


@filter_("jq", "expression", framed=True)
def jq(frame: Frame, value: Any, expression: Any = None) -> list[Any]:
    """All results of an expression of jq, as a list; a text is read as JSON first."""
    if not is_text(expression):
        raise ExpressionRuntimeError("The 'jq' filter expects an argument 'expression'.")
    document = read_json(value or "null", "jq value") if is_text(value) else value
    return query(document, expression, frame.shared)
