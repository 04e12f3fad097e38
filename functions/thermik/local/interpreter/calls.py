"""The text of a dynamic field (`"name.$": …`): a path or a call of intrinsic functions, compiled into a getter."""

from __future__ import annotations

import json
import re
from functools import lru_cache

from thermik.local.interpreter.errors import INTRINSIC, InvalidDefinition, StateError
from thermik.local.interpreter.intrinsics import INTRINSICS, IntrinsicFailure
from thermik.local.interpreter.paths import Getter, compile_path

MAX_NESTING = 10
"""Intrinsic functions inside one another, as AWS documents it."""

_NAME = re.compile(r"\s*(States\.\w+)\s*\(")
_TEXT = re.compile(r"\s*'((?:[^'\\]|\\.)*)'", re.DOTALL)
_LITERAL = re.compile(r"\s*(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?=\s*[,)])")
_PATH = re.compile(r"""\s*(\$(?:[^\s,()\[\]]|\[(?:[^\]'"]|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")*\])*)""")
_SEPARATOR = re.compile(r"\s*([,)])")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@lru_cache(maxsize=8192)
def compile_dynamic(text: str) -> Getter:
    """Compile a path or `States.…(…)`.

    Raises:
        InvalidDefinition: the text is neither.
    """
    if text.startswith("$"):
        return compile_path(text).get
    if not _NAME.match(text):
        raise InvalidDefinition(f"{text!r} is neither a path nor an intrinsic function")
    getter, end = _call(text, 0, 1)
    if text[end:].strip():
        raise InvalidDefinition(f"cannot read {text[end:]!r} in {text!r}")
    return getter


def _call(text: str, position: int, depth: int) -> tuple[Getter, int]:
    match = _NAME.match(text, position)
    name = match[1] if match else ""
    if match is None or name not in INTRINSICS:
        raise InvalidDefinition(f"{name or text[position:]!r} is no intrinsic function (in {text!r})")
    if depth > MAX_NESTING:
        raise InvalidDefinition(f"intrinsic functions are nested more than {MAX_NESTING} deep in {text!r}")
    arguments, end = _arguments(text, match.end(), depth, raw_first=name == "States.Format")
    function = INTRINSICS[name]
    if len(arguments) < function.least or (function.most is not None and len(arguments) > function.most):
        raise InvalidDefinition(f"{name} does not take {len(arguments)} arguments (in {text!r})")
    return _applying(name, arguments), end


def _applying(name: str, arguments: list[Getter]) -> Getter:
    apply = INTRINSICS[name].apply

    def call(data: object, context: object) -> object:
        values = [argument(data, context) for argument in arguments]  # type: ignore[arg-type]
        try:
            return apply(*values)
        except IntrinsicFailure as failure:
            raise StateError(INTRINSIC, f"{name}: {failure}") from failure

    return call


def _arguments(text: str, position: int, depth: int, *, raw_first: bool) -> tuple[list[Getter], int]:
    """Read arguments up to the closing parenthesis; Format's template keeps its escapes."""
    arguments: list[Getter] = []
    if closing := re.compile(r"\s*\)").match(text, position):
        return arguments, closing.end()
    while True:
        getter, position = _argument(text, position, depth, raw=raw_first and not arguments)
        arguments.append(getter)
        separator = _SEPARATOR.match(text, position)
        if not separator:
            raise InvalidDefinition(f"cannot read {text[position:]!r} in {text!r}")
        position = separator.end()
        if separator[1] == ")":
            return arguments, position


def _argument(text: str, position: int, depth: int, *, raw: bool) -> tuple[Getter, int]:
    if match := _TEXT.match(text, position):
        value = match[1] if raw else _ESCAPE.sub(r"\1", match[1])
        return (lambda _data, _context: value), match.end()
    if match := _LITERAL.match(text, position):
        literal = json.loads(match[1])
        return (lambda _data, _context: literal), match.end()
    if match := _PATH.match(text, position):
        return compile_path(match[1]).get, match.end()
    return _call(text, position, depth + 1)
