"""The conditions of a Choice state, compiled into predicates.

A comparison with a value of another type is false; a Variable that is not there is States.Runtime (only IsPresent
may ask for it). `And` and `Or` stop at the first condition that decides.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from thermik.local.interpreter.errors import RUNTIME, InvalidDefinition, StateError
from thermik.local.interpreter.paths import Context, Getter, Path, PathNotFound, compile_path
from thermik.local.interpreter.timestamps import parse_timestamp

Predicate = Callable[[Any, Context], bool]
Comparison = Callable[[Any, Any], bool]

_ORDER: dict[str, Comparison] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}


def is_number(value: Any) -> bool:
    """Is this JSON value a number (a boolean is none)?"""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(value: Any) -> Any:
    return value if is_number(value) else None


def _string(value: Any) -> Any:
    return value if isinstance(value, str) else None


def _boolean(value: Any) -> Any:
    return value if isinstance(value, bool) else None


def _typed(read: Callable[[Any], Any], compare: Comparison) -> Comparison:
    def comparison(value: Any, expected: Any) -> bool:
        left, right = read(value), read(expected)
        return left is not None and right is not None and compare(left, right)

    return comparison


def _types() -> dict[str, tuple[Callable[[Any], Any], list[str]]]:
    return {
        "String": (_string, list(_ORDER)),
        "Numeric": (_number, list(_ORDER)),
        "Timestamp": (parse_timestamp, list(_ORDER)),
        "Boolean": (_boolean, ["Equals"]),
    }


COMPARISONS: dict[str, tuple[Callable[[Any], Any], Comparison]] = {
    kind + order: (read, _typed(read, _ORDER[order])) for kind, (read, orders) in _types().items() for order in orders
}
"""Operator to the reader of its literal, and its comparison."""

TESTS: dict[str, Callable[[Any], bool]] = {
    "IsNull": lambda value: value is None,
    "IsNumeric": is_number,
    "IsString": lambda value: isinstance(value, str),
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": lambda value: parse_timestamp(value) is not None,
}


def compile_rule(rule: Any) -> Predicate:
    """Compile a choice rule, or a condition inside one (`Next` and `Comment` are left to the caller).

    Raises:
        InvalidDefinition: the rule has no operator, more than one, an unknown one, or an operand of the wrong type.
    """
    if not isinstance(rule, dict):
        raise InvalidDefinition(f"a choice rule must be an object, not {rule!r}")
    operators = [name for name in rule if name not in ("Variable", "Next", "Comment")]
    if len(operators) != 1:
        raise InvalidDefinition(f"a choice rule has exactly one operator, this has: {', '.join(operators) or 'none'}")
    name = operators[0]
    if name in ("And", "Or", "Not"):
        return _combined(name, rule[name])
    if not isinstance(rule.get("Variable"), str):
        raise InvalidDefinition(f"the choice rule {name} needs a Variable")
    return _test(name, compile_path(rule["Variable"]), rule[name])


def _combined(name: str, operand: Any) -> Predicate:
    if name == "Not":
        inner = compile_rule(operand)
        return lambda data, context: not inner(data, context)
    if not isinstance(operand, list) or not operand:
        raise InvalidDefinition(f"{name} takes an array of conditions, not empty")
    rules = [compile_rule(rule) for rule in operand]
    if name == "And":
        return lambda data, context: all(rule(data, context) for rule in rules)
    return lambda data, context: any(rule(data, context) for rule in rules)


def _test(name: str, variable: Path, operand: Any) -> Predicate:
    if name == "IsPresent" or name in TESTS:
        if not isinstance(operand, bool):
            raise InvalidDefinition(f"{name} takes true or false, not {operand!r}")
        return _presence(variable, operand) if name == "IsPresent" else _kind(variable, TESTS[name], operand)
    if name == "StringMatches":
        return _matching(variable, operand)
    plain = name.removesuffix("Path")
    if plain not in COMPARISONS:
        raise InvalidDefinition(f"{name!r} is no choice operator")
    return _comparing(variable, name, operand)


def _reading(variable: Path) -> Getter:
    def read(data: Any, context: Context) -> Any:
        try:
            return variable.lookup(data, context)
        except PathNotFound:
            cause = f"Invalid path '{variable.text}': The choice state's condition path references an invalid value."
            raise StateError(RUNTIME, cause) from None

    return read


def _presence(variable: Path, expected: bool) -> Predicate:
    def test(data: Any, context: Context) -> bool:
        try:
            found = variable.lookup(data, context)
        except PathNotFound:
            return not expected
        return (variable.keys is not None or bool(found)) == expected

    return test


def _kind(variable: Path, test: Callable[[Any], bool], expected: bool) -> Predicate:
    read = _reading(variable)
    return lambda data, context: test(read(data, context)) == expected


def _comparing(variable: Path, name: str, operand: Any) -> Predicate:
    read_literal, compare = COMPARISONS[name.removesuffix("Path")]
    read = _reading(variable)
    if name.endswith("Path"):
        if not isinstance(operand, str):
            raise InvalidDefinition(f"{name} takes a path, not {operand!r}")
        other = _reading(compile_path(operand))
        return lambda data, context: compare(read(data, context), other(data, context))
    if read_literal(operand) is None:
        raise InvalidDefinition(f"{name} does not take {operand!r}")
    return lambda data, context: compare(read(data, context), operand)


def _matching(variable: Path, pattern: Any) -> Predicate:
    r"""`*` stands for any characters; `\*` and `\\` for themselves."""
    if not isinstance(pattern, str):
        raise InvalidDefinition(f"StringMatches takes a string, not {pattern!r}")
    parts = re.findall(r"\\[*\\]|\*|.", pattern, re.DOTALL)
    regex = re.compile("".join(".*" if part == "*" else re.escape(part[-1]) for part in parts), re.DOTALL)
    read = _reading(variable)

    def test(data: Any, context: Context) -> bool:
        value = read(data, context)
        return isinstance(value, str) and regex.fullmatch(value) is not None

    return test
