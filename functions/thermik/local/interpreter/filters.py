"""Filters in JSONPath: `[?(@.price < 10 && @.kind == 'book')]`.

Rarely used in a state machine, but part of what Step Functions accepts. Comparisons of unlike types are false.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable
from typing import Any, Protocol

from thermik.local.interpreter.errors import InvalidDefinition

Predicate = Callable[[Any], bool]
Operand = Callable[[Any], Any]
_MISSING = object()
_LEXEME = re.compile(
    r"""\s*(?:(?P<operator>&&|\|\||==|!=|<=|>=|<|>|!|\(|\))|
        (?P<path>@(?:\.[\w-]+|\[(?:-?\d+|'[^']*')\])*)|
        (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|
        (?P<literal>-?\d+(?:\.\d+)?|true|false|null))""",
    re.VERBOSE,
)
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Compiled(Protocol):
    """What a filter needs of a path."""

    @property
    def find(self) -> Callable[[Any], Any]:
        """Finds the path's value, or raises LookupError."""
        ...


def compile_filter(text: str, compile_path: Callable[[str], Compiled]) -> Predicate:
    """Compile a filter's expression, the part between `?(` and `)`.

    Raises:
        InvalidDefinition: the text is no filter.
    """
    lexemes: list[tuple[str, str]] = []
    position, text = 0, text.rstrip()
    while position < len(text):
        match = _LEXEME.match(text, position)
        if not match:
            raise InvalidDefinition(f"cannot read {text[position:]!r} in the filter {text!r}")
        lexemes.append((match.lastgroup or "", match[match.lastgroup or ""]))
        position = match.end()
    reader = _Reader(lexemes, text, compile_path)
    predicate = reader.either()
    if reader.lexemes:
        raise InvalidDefinition(f"cannot read {reader.lexemes[0][1]!r} in the filter {text!r}")
    return predicate


class _Reader:
    """Recursive descent over the filter's lexemes."""

    def __init__(self, lexemes: list[tuple[str, str]], text: str, compile_path: Callable[[str], Compiled]) -> None:
        self.lexemes = lexemes
        self._text = text
        self._compile_path = compile_path

    def either(self) -> Predicate:
        sides = [self._both()]
        while self._take("||"):
            sides.append(self._both())
        return sides[0] if len(sides) == 1 else lambda item: any(side(item) for side in sides)

    def _both(self) -> Predicate:
        sides = [self._one()]
        while self._take("&&"):
            sides.append(self._one())
        return sides[0] if len(sides) == 1 else lambda item: all(side(item) for side in sides)

    def _one(self) -> Predicate:
        if self._take("!"):
            inner = self._one()
            return lambda item: not inner(item)
        if self._take("("):
            inner = self.either()
            if not self._take(")"):
                raise InvalidDefinition(f"a parenthesis is not closed in the filter {self._text!r}")
            return inner
        return self._comparison()

    def _comparison(self) -> Predicate:
        left = self._operand()
        if self.lexemes and self.lexemes[0][1] in ("==", "!=", *_ORDER):
            symbol = self.lexemes.pop(0)[1]
            right = self._operand()
            return lambda item: _compare(symbol, left(item), right(item))
        return lambda item: left(item) is not _MISSING

    def _operand(self) -> Operand:
        if not self.lexemes or self.lexemes[0][0] == "operator":
            raise InvalidDefinition(f"a value is missing in the filter {self._text!r}")
        kind, text = self.lexemes.pop(0)
        if kind == "path":
            return _reading(self._compile_path("$" + text[1:]).find)
        value = re.sub(r"\\(.)", r"\1", text[1:-1]) if kind == "text" else json.loads(text)
        return lambda _item: value

    def _take(self, symbol: str) -> bool:
        if self.lexemes and self.lexemes[0] == ("operator", symbol):
            self.lexemes.pop(0)
            return True
        return False


def _reading(find: Callable[[Any], Any]) -> Operand:
    def read(item: Any) -> Any:
        try:
            return find(item)
        except LookupError:
            return _MISSING

    return read


def _compare(symbol: str, left: Any, right: Any) -> bool:
    alike = _kind(left) == _kind(right)
    if symbol in _ORDER:
        return alike and isinstance(left, (int, float, str)) and _ORDER[symbol](left, right)
    return (alike and left == right) == (symbol == "==")


def _kind(value: Any) -> type:
    return float if type(value) is int else type(value)
