"""JSONPath as Step Functions reads it, compiled once into closures.

A path without wildcards, slices, lists, filters or `..` is definite: it names one value, and a missing one is an
error. Any other is indefinite: it gives an array of what it finds, perhaps empty. (Jayway's rules, which AWS uses.)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from thermik.local.interpreter.errors import RESULT_PATH, RUNTIME, InvalidDefinition, StateError

Context = Callable[[], dict[str, Any]]
"""Gives the context object, which is built only for paths that read it."""

Getter = Callable[[Any, Context], Any]
"""Reads a value from a state's data and the context object."""

Setter = Callable[[Any, Any], Any]
"""Puts a result into a state's input and returns the whole; the input itself stays as it was."""

Find = Callable[[Any], Any]
Step = Callable[[list[Any]], list[Any]]

_TOKEN = re.compile(
    r"""(?P<deep>\.\.)(?=[\w*\[])|
        \.(?P<star>\*)|\.?\[\s*(?P<every>\*)\s*\]|
        \.?\[\s*(?P<names>'(?:[^'\\]|\\.)*'(?:\s*,\s*'(?:[^'\\]|\\.)*')*|"(?:[^"\\]|\\.)*")\s*\]|
        \.?\[\s*(?P<indexes>-?\d+(?:\s*,\s*-?\d+)*)\s*\]|
        \.?\[\s*(?P<slice>-?\d*\s*:\s*-?\d*(?:\s*:\s*\d*)?)\s*\]|
        \.?\[\s*(?P<filter>\?\s*\()|
        \.(?P<name>[^\s.\[\]()'"*,?$@]+)""",
    re.VERBOSE,
)
_NAME_AFTER_DEEP = re.compile(r"[^\s.\[\]()'\"*,?$@]+|\*")
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_ESCAPE = re.compile(r"\\(.)")


class PathNotFound(LookupError):
    """The path leads nowhere in this value."""


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path: where it starts, and how to find its value from there."""

    text: str
    in_context: bool
    keys: tuple[str | int, ...] | None
    find: Find

    def lookup(self, data: Any, context: Context) -> Any:
        """The value.

        Raises:
            PathNotFound: a definite path leads nowhere.
        """
        return self.find(context() if self.in_context else data)

    def get(self, data: Any, context: Context) -> Any:
        """The value, for a field that must have one.

        Raises:
            StateError: States.Runtime, a definite path leads nowhere.
        """
        try:
            return self.find(context() if self.in_context else data)
        except PathNotFound:
            where = "context object" if self.in_context else "input"
            raise StateError(RUNTIME, f"The JSONPath '{self.text}' could not be found in the {where}") from None


@lru_cache(maxsize=8192)
def compile_path(text: str) -> Path:
    """Compile `$.a.b`, `$$.Execution.Name`, `$.list[*].x`, `$..x`, `$.list[?(@.n > 1)]`.

    Raises:
        InvalidDefinition: the text is no JSONPath.
    """
    in_context = text.startswith("$$")
    body = text[2:] if in_context else text[1:]
    if not text.startswith("$"):
        raise InvalidDefinition(f"{text!r} is no path: a path begins with $ or $$")
    tokens = list(_tokens(body, text))
    if all(kind == "key" for kind, _ in tokens):
        keys = tuple(value for _, value in tokens)
        return Path(text, in_context, keys, _definite(keys))
    return Path(text, in_context, None, _indefinite(tokens))


def compile_reference(text: str) -> Path:
    """Compile a reference path: one that names a single place (no wildcard, slice, filter or `..`).

    Raises:
        InvalidDefinition: the text is no reference path.
    """
    path = compile_path(text)
    if path.keys is None:
        raise InvalidDefinition(f"{text!r} is no reference path: it may only name fields and single indexes")
    return path


def compile_setter(text: str) -> Setter:
    """Compile a ResultPath.

    Raises:
        InvalidDefinition: the text is no reference path, or leads into the context object.
    """
    path = compile_reference(text)
    if path.in_context:
        raise InvalidDefinition(f"ResultPath {text!r} leads into the context object, which cannot be written")
    keys = path.keys or ()
    return (lambda _input, result: result) if not keys else _setter(keys, text)


def _tokens(body: str, text: str) -> Iterable[tuple[str, Any]]:
    position = 0
    while position < len(body):
        match = _TOKEN.match(body, position)
        if not match:
            raise InvalidDefinition(f"{text!r} is no JSONPath: cannot read {body[position:]!r}")
        kind = match.lastgroup or ""
        position = match.end()
        if kind == "filter":
            predicate, position = _filter(body, position, text)
            yield "filter", predicate
        else:
            yield _token(kind, match[kind])
        if kind == "deep" and (name := _NAME_AFTER_DEEP.match(body, position)):
            position = name.end()
            yield ("every", None) if name[0] == "*" else ("key", name[0])


def _token(kind: str, value: str) -> tuple[str, Any]:
    if kind == "name":
        return "key", value
    if kind == "names":
        names = [_ESCAPE.sub(r"\1", one or other) for one, other in _QUOTED.findall(value)]
        return ("key", names[0]) if len(names) == 1 else ("keys", names)
    if kind == "indexes":
        indexes = [int(index) for index in value.split(",")]
        return ("key", indexes[0]) if len(indexes) == 1 else ("keys", indexes)
    if kind == "slice":
        return "slice", slice(*(int(part) if part.strip() else None for part in value.split(":")))
    return ("deep", None) if kind == "deep" else ("every", None)


def _filter(body: str, position: int, text: str) -> tuple[Callable[[Any], bool], int]:
    """Compile the filter whose `?(` ends at `position`; returns it and the position after its `)]`."""
    from thermik.local.interpreter.filters import compile_filter

    depth, quote, index = 1, "", position
    while index < len(body) and depth:
        character = body[index]
        if quote:
            index += character == "\\"
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        else:
            depth += {"(": 1, ")": -1}.get(character, 0)
        index += 1
    closing = re.compile(r"\s*\]").match(body, index)
    if depth or not closing:
        raise InvalidDefinition(f"{text!r} is no JSONPath: its filter is not closed")
    return compile_filter(body[position : index - 1], compile_path), closing.end()


def _definite(keys: tuple[str | int, ...]) -> Find:
    def find(value: Any) -> Any:
        for key in keys:
            value = _child(value, key)
        return value

    return find


def _child(value: Any, key: str | int) -> Any:
    try:
        if isinstance(value, dict if isinstance(key, str) else list):
            found: Any = value
            return found[key]
    except LookupError:
        pass
    raise PathNotFound(key)


def _indefinite(tokens: list[tuple[str, Any]]) -> Find:
    first = next(index for index, (kind, _) in enumerate(tokens) if kind != "key")
    start = _definite(tuple(value for _, value in tokens[:first]))
    steps = [_STEPS[kind](value) for kind, value in tokens[first:]]

    def find(value: Any) -> Any:
        found = [start(value)]
        for step in steps:
            found = step(found)
        return found

    return find


def _pick(keys: list[str | int]) -> Step:
    return lambda values: [child for value in values for key in keys for child in _children_at(value, key)]


def _children_at(value: Any, key: str | int) -> list[Any]:
    try:
        return [_child(value, key)]
    except PathNotFound:
        return []


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _every(_: None) -> Step:
    return lambda values: [child for value in values for child in _children(value)]


def _slice(part: slice) -> Step:
    return lambda values: [child for value in values if isinstance(value, list) for child in value[part]]


def _where(predicate: Callable[[Any], bool]) -> Step:
    def step(values: list[Any]) -> list[Any]:
        candidates = (child for value in values for child in (value if isinstance(value, list) else [value]))
        return [child for child in candidates if predicate(child)]

    return step


def _deep(_: None) -> Step:
    def step(values: list[Any]) -> list[Any]:
        found: list[Any] = []
        pending = list(reversed(values))
        while pending:
            value = pending.pop()
            found.append(value)
            pending.extend(reversed(_children(value)))
        return found

    return step


_STEPS: dict[str, Callable[[Any], Step]] = {
    "key": lambda key: _pick([key]),
    "keys": _pick,
    "every": _every,
    "slice": _slice,
    "filter": _where,
    "deep": _deep,
}


def _setter(keys: tuple[str | int, ...], text: str) -> Setter:
    def put(data: Any, result: Any) -> Any:
        whole = {"": data}
        place: Any = whole
        last: str | int = ""
        for key in keys:
            place[last] = _writable(place[last], key, text)
            place, last = place[last], key
        place[last] = result
        return whole[""]

    return put


def _writable(value: Any, key: str | int, text: str) -> Any:
    """A copy of the container at a place, in which `key` may be set; a missing object is made."""
    if isinstance(key, str) and isinstance(value, dict):
        return {**value, key: value.get(key, {})}
    if isinstance(key, int) and isinstance(value, list) and -len(value) <= key < len(value):
        return list(value)
    raise StateError(RESULT_PATH, f"Unable to apply ResultPath '{text}' to the state's input: no place for {key!r}")
