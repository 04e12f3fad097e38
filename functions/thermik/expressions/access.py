"""What a dot or a subscript reaches: keys of maps, indexes of lists, and the methods of the table below. Nothing else.

No attribute of a Python object is ever looked up by a name that an expression gives; that is why none can leak.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError, UndefinedVariable
from thermik.expressions.operators import contains, same
from thermik.expressions.printing import java_text
from thermik.expressions.values import Entry, TextArray, is_integer, is_items, is_map, is_number, is_text

Method = tuple[int, Callable[..., Any]]


def attribute(target: Any, key: Any, root: str | None = None) -> Any:
    """`target.key` or `target[key]`.

    `root` is the variable's name where the target is a variable: Kestra names that one when its value is null.

    Raises:
        UndefinedVariable: nothing is there.
    """
    if target is None:
        raise UndefinedVariable(root or java_text(key))
    if is_map(target):
        return _of_map(target, key)
    if is_items(target):
        found = _of_list(target, key)
        if found is not _ABSENT:
            return found
    if is_text(key) and type(target) is not TextArray:
        method = _methods(target).get(key)
        if method and method[0] == 0:
            return method[1](target)
    raise UndefinedVariable(java_text(key))


def call_method(target: Any, name: str, arguments: Sequence[Any], root: str | None = None) -> Any:
    """`target.name(arguments)`: a key of a map without arguments, else a listed method.

    Raises:
        UndefinedVariable: there is no such method for this kind of value and number of arguments.
    """
    if target is None:
        raise UndefinedVariable(root or name)
    if not arguments and is_map(target) and name in target:
        return target[name]
    method = _methods(target).get(name)
    if method is None or method[0] != len(arguments):
        raise UndefinedVariable(name)
    return method[1](target, *arguments)


def _of_map(target: Mapping[Any, Any], key: Any) -> Any:
    if is_text(key) or isinstance(key, bool):
        try:
            return target[key]
        except KeyError:
            raise UndefinedVariable(java_text(key), target if type(target) is dict else ()) from None
    # Pebble takes a number as key for the kind of the first key: a map of texts fails, it does not just lack the key
    for known in target if is_number(key) else ():
        if is_number(known) and known == key:
            return target[known]
        if not is_number(known):
            raise ExpressionRuntimeError(f"The keys of the map are texts, {java_text(key)} is none")
    raise UndefinedVariable(java_text(key))


_ABSENT = object()


def _of_list(target: Sequence[Any], key: Any) -> Any:
    index = _index(key)
    if index is None:
        return _ABSENT
    if not 0 <= index < len(target):
        raise UndefinedVariable(java_text(key))
    return target[index]


def _index(key: Any) -> int | None:
    if is_integer(key):
        return int(key)
    if is_text(key) and key.isascii() and key.isdigit() and len(key) < 10:  # nine digits fit Java's int
        return int(key)
    return None


def _methods(target: Any) -> dict[str, Method]:
    if is_text(target):
        return TEXT_METHODS
    if is_map(target):
        return MAP_METHODS
    if type(target) is Entry:
        return ENTRY_METHODS
    if is_items(target) and type(target) is not TextArray:
        return LIST_METHODS
    return NUMBER_METHODS if is_number(target) else {}


def _position(text: str, part: Any) -> int:
    return text.find(java_text(part))


# the methods of Java's classes that flows are seen to call, each with how many arguments it takes
TEXT_METHODS: dict[str, Method] = {
    "length": (0, len),
    **dict.fromkeys(("isEmpty", "empty"), (0, lambda text: not text)),
    **dict.fromkeys(("isBlank", "blank"), (0, lambda text: not text.strip())),
    "toUpperCase": (0, str.upper),
    "toLowerCase": (0, str.lower),
    "trim": (0, str.strip),
    "strip": (0, str.strip),
    "stripLeading": (0, str.lstrip),
    "stripTrailing": (0, str.rstrip),
    "toString": (0, str),
    "contains": (1, lambda text, part: java_text(part) in text),
    "startsWith": (1, lambda text, part: text.startswith(java_text(part))),
    "endsWith": (1, lambda text, part: text.endswith(java_text(part))),
    "indexOf": (1, _position),
    "equals": (1, same),
    "equalsIgnoreCase": (1, lambda text, other: is_text(other) and text.lower() == other.lower()),
}
LIST_METHODS: dict[str, Method] = {
    "size": (0, len),
    **dict.fromkeys(("isEmpty", "empty"), (0, lambda items: not len(items))),
    "contains": (1, lambda items, item: any(same(known, item) for known in items)),
    "toString": (0, java_text),
}
MAP_METHODS: dict[str, Method] = {
    "size": (0, len),
    "isEmpty": (0, lambda mapping: not len(mapping)),
    "keySet": (0, list),
    "values": (0, lambda mapping: [mapping[key] for key in mapping]),
    "get": (1, lambda mapping, key: mapping[key] if is_text(key) and key in mapping else None),
    "containsKey": (1, contains),
    "toString": (0, java_text),
}
ENTRY_METHODS: dict[str, Method] = {
    **dict.fromkeys(("key", "getKey"), (0, lambda entry: entry[0])),
    **dict.fromkeys(("value", "getValue"), (0, lambda entry: entry[1])),
    "toString": (0, java_text),
}
NUMBER_METHODS: dict[str, Method] = {
    "intValue": (0, int),
    "longValue": (0, int),
    "doubleValue": (0, float),
    "toString": (0, java_text),
}
