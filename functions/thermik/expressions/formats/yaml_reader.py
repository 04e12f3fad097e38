"""Reading YAML as Kestra does: plain data only, dates stay text, keys are texts, tags and merge keys mean nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.limits import MAX_DATA_DEPTH, MAX_DIGITS, check_parsed, too_deep_data

_WORDS = {
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile(r"[-+]?0x[0-9a-fA-F_]+"), lambda text: int(text, 16)),
    (re.compile(r"[-+]?0b[01_]+"), lambda text: int(text, 2)),
    (re.compile(r"[-+]?0[0-7_]+"), lambda text: int(text, 8)),
    (re.compile(r"[-+]?(?:0|[1-9][0-9_]*)"), int),
    (re.compile(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*|[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?"), float),
)
_NOT_JSON = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def read_yaml(text: str) -> Any:
    """The value of the first document.

    Raises:
        ExpressionRuntimeError: no YAML, or no document.
        LimitExceeded: nested too deeply, or too long.
    """
    import yaml

    check_parsed(text, "YAML")
    try:
        # nodes only, no constructor: a tag cannot make an object, and the kinds of scalars are Jackson's, below
        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)(text)
        try:
            if not loader.check_node():
                raise ExpressionRuntimeError("Invalid yaml: No content to map due to end-of-input")
            return _value(loader.get_node(), {}, 0)
        finally:
            loader.dispose()
    except RecursionError:
        raise too_deep_data() from None
    except (yaml.YAMLError, ValueError) as error:
        raise ExpressionRuntimeError(f"Invalid yaml: {error}") from error


def _value(node: Any, made: dict[int, Any], depth: int) -> Any:
    """A node's value; one that aliases repeat is made once."""
    if depth > MAX_DATA_DEPTH:
        raise too_deep_data()
    if id(node) in made:
        if made[id(node)] is made:
            raise ExpressionRuntimeError("Invalid yaml: an alias stands within what it names")
        return made[id(node)]
    made[id(node)] = made  # not made yet: an alias to it would never end
    if node.id == "mapping":
        value: Any = {_key(key): _value(item, made, depth + 1) for key, item in node.value}
    elif node.id == "sequence":
        value = [_value(item, made, depth + 1) for item in node.value]
    else:
        value = node.value if node.style else _plain(node.value)
    made[id(node)] = value
    return value


def _key(node: Any) -> str:
    if node.id != "scalar":
        raise ExpressionRuntimeError("Invalid yaml: a list or a map is no key")
    return str(node.value)


def _plain(text: str) -> Any:
    """A scalar without quotes."""
    if text in _WORDS:
        return _WORDS[text]
    if _NOT_JSON.fullmatch(text):
        raise ExpressionRuntimeError(f"Invalid yaml: Malformed numeric value '{text}'")
    if text[0] in "-+.0123456789" and len(text) <= MAX_DIGITS:
        for pattern, read in _NUMBERS:
            if pattern.fullmatch(text):
                return read(text.replace("_", ""))
    return text
