"""Which YAML scalars are not text, decided as Kestra's YAML reader does.

PyYAML's own resolver follows YAML 1.1, where `yes` is a boolean, `010` is eight, `12:30` is a number and
`2024-01-01` a date. In a flow these are text.
"""

from __future__ import annotations

import math
import re
from typing import Any

_CONSTANTS: dict[str, Any] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}

_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,37})(?P<fraction>\.[0-9]*(?:[eE][-+]?[0-9]{1,4})?)?")
"""Up to 38 digits, what the table's numbers hold; a longer one stays text."""

_TAGS = {f"tag:yaml.org,2002:{name}": name for name in ("str", "int", "float", "bool", "null")}


class UnreadableScalar(Exception):
    """A tag that is not understood, or a text that is not of its tag."""


def plain_value(text: str) -> Any:
    """The value of a scalar without quotes: None, a boolean, an integer, a float or the text itself."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    match = _NUMBER.fullmatch(text)
    if not match:
        return text
    if match["fraction"] is None:
        return int(text)
    number = float(text)
    return number if math.isfinite(number) else text  # `1.0e999`: no JSON could hold its value


def tagged_value(text: str, tag: str) -> Any:
    """The value of a scalar with an explicit tag such as `!!str`.

    Raises:
        UnreadableScalar: the tag is none of YAML's basic ones, or the text is no such value.
    """
    kind = _TAGS.get(tag)
    if kind is None:
        raise UnreadableScalar(f"the tag '{tag}' is not supported")
    if kind == "str":
        return text
    value = plain_value(text)
    if kind == "float" and type(value) is int:
        return float(value)
    if type(value) is not {"int": int, "float": float, "bool": bool, "null": type(None)}[kind]:
        raise UnreadableScalar(f"'{text}' is no value of the tag '!!{kind}'")
    return value
