"""From the syntax tree to closures: each expression becomes a function from a frame to a value.

What can be decided from the text is decided here, once: which names tags bind, which filter a name means, in which
order arguments go. The closures do the rest, and tell the place of what fails in them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from thermik.expressions import operators as ops
from thermik.expressions.access import attribute, call_method
from thermik.expressions.calls import Closure, compile_call, compile_filter, compile_test
from thermik.expressions.errors import ExpressionError, ExpressionRuntimeError, UndefinedVariable
from thermik.expressions.frames import STANDARD_NAMES, Frame
from thermik.expressions.limits import SHARED_ITEM_BYTES
from thermik.expressions.tree import (
    Attribute,
    Binary,
    Call,
    Concatenation,
    Filtered,
    Interpolation,
    ListLiteral,
    Literal,
    MapLiteral,
    Name,
    Node,
    Ternary,
    Tested,
    Unary,
)

Step = Callable[[Frame], None]


@dataclass(frozen=True)
class MacroCode:
    """A macro: its parameters with their defaults, and its body."""

    name: str
    parameters: tuple[tuple[str, Closure | None], ...]
    run: Step


@dataclass(frozen=True)
class Program:
    """A compiled template."""

    text: str
    steps: tuple[Step, ...]
    binds: bool
    """Whether tags bind variables, so that names are looked up in scopes."""
    macros: dict[str, MacroCode]
    blocks: dict[str, Step]
    alone: Closure | None
    """The expression, if the template is one single print."""
    quotes_raw: bool
    """Whether a text in quotes holds a `raw` block, whose tags then go when all is rendered."""


@dataclass
class Compilation:
    """What the compilation of one template knows."""

    bound: frozenset[str]
    macros: dict[str, MacroCode]
    blocks: dict[str, Step]
    quotes_raw: bool = False
    in_filter: bool = False


def compile_expression(node: Node, names: Compilation) -> Closure:
    """The closure of an expression."""
    return _COMPILERS[type(node)](node, names)


def _literal(node: Literal, names: Compilation) -> Closure:
    value = node.value
    names.quotes_raw = names.quotes_raw or (isinstance(value, str) and "endraw" in value)
    return lambda _frame: value


def _name(node: Name, names: Compilation) -> Closure:
    name, at = node.name, node.at
    if name in names.bound:
        return _scoped_name(name, at)
    # no tag binds the name anywhere: nearly all templates, which need not look through scopes

    def read(frame: Frame) -> Any:
        try:
            return frame.variables[name]
        except KeyError:
            raise _unknown(name, frame, at) from None

    return read


def _scoped_name(name: str, at: int) -> Closure:
    def read_scoped(frame: Frame) -> Any:
        for scope in reversed(frame.scopes):
            if name in scope:
                return scope[name]
        try:
            return frame.variables[name]
        except KeyError:
            raise _unknown(name, frame, at) from None

    return read_scoped


def _unknown(name: str, frame: Frame, at: int) -> UndefinedVariable:
    variables = frame.variables
    return UndefinedVariable(name, variables if type(variables) is dict else STANDARD_NAMES, at)


def _attribute(node: Attribute, names: Compilation) -> Closure:
    target, at = compile_expression(node.target, names), node.at
    root = node.target.name if isinstance(node.target, Name) else None
    if node.arguments is not None and isinstance(node.key, Literal):
        return _method(target, node, root, names)
    if isinstance(node.key, Literal) and type(node.key.value) is str:
        return _constant_key(target, node.key.value, root, at)
    key = compile_expression(node.key, names)

    def read(frame: Frame) -> Any:
        container, value = target(frame), key(frame)
        try:
            return _counted(attribute(container, value, root), container, frame)
        except ExpressionError as error:
            raise error.placed(at) from None

    return read


def _constant_key(target: Closure, key: str, root: str | None, at: int) -> Closure:
    def read(frame: Frame) -> Any:
        container = target(frame)
        # what nearly every expression does; lazy maps and everything else go the long way
        if type(container) is dict and key in container:
            return container[key]
        try:
            return _counted(attribute(container, key, root), container, frame)
        except ExpressionError as error:
            raise error.placed(at) from None

    return read


def _method(target: Closure, node: Attribute, root: str | None, names: Compilation) -> Closure:
    name, at = str(getattr(node.key, "value", "")), node.at
    arguments = [compile_expression(argument.value, names) for argument in node.arguments or ()]

    def call(frame: Frame) -> Any:
        container = target(frame)
        try:
            made = call_method(container, name, [argument(frame) for argument in arguments], root)
            return _counted(made, container, frame)
        except ExpressionError as error:
            raise error.placed(at) from None

    return call


def _counted(value: Any, container: Any, frame: Frame) -> Any:
    """What a method answers, counted where it is new: that of a text is, that of a list or a map stands in it."""
    return frame.shared.take(value) if type(container) is str else value


def _list(node: ListLiteral, names: Compilation) -> Closure:
    items = [compile_expression(item, names) for item in node.items]
    return lambda frame: [item(frame) for item in items]


def _map(node: MapLiteral, names: Compilation) -> Closure:
    pairs = [(compile_expression(key, names), compile_expression(value, names)) for key, value in node.pairs]
    at = node.at

    def build(frame: Frame) -> Any:
        try:
            return {key(frame): value(frame) for key, value in pairs}
        except TypeError:
            raise ExpressionError("A list or a map cannot be a key of a map", at) from None

    return build


def _interpolation(node: Interpolation, names: Compilation) -> Closure:
    parts = [compile_expression(part, names) for part in node.parts]
    return lambda frame: frame.shared.take(ops.concatenate([ops.joined_text(part(frame)) for part in parts]))


def _concatenation(node: Concatenation, names: Compilation) -> Closure:
    operands = [compile_expression(operand, names) for operand in node.operands]
    return lambda frame: frame.shared.take(ops.concatenate([ops.joined_text(operand(frame)) for operand in operands]))


def _ternary(node: Ternary, names: Compilation) -> Closure:
    condition, yes, no = (compile_expression(part, names) for part in (node.condition, node.yes, node.no))
    at = node.condition.at

    def choose(frame: Frame) -> Any:
        value = condition(frame)
        # null is false here, though `if`, `and`, `or` and `not` fail on it: Pebble's TernaryExpression
        return yes(frame) if value is not None and holds(value, at) else no(frame)

    return choose


def holds(value: Any, at: int) -> bool:
    """Whether a condition that stands at a place holds."""
    if type(value) is bool:
        return value
    try:
        return ops.truth(value)
    except ExpressionError as error:
        raise error.placed(at) from None


def _unary(node: Unary, names: Compilation) -> Closure:
    operand = compile_expression(node.operand, names)
    apply = {"not": lambda value: not ops.truth(value), "-": ops.negate, "+": ops.keep}[node.operator]
    return _at(node.at, lambda frame: apply(operand(frame)))


def _binary(node: Binary, names: Compilation) -> Closure:
    left, right = compile_expression(node.left, names), compile_expression(node.right, names)
    return _at(node.at, _BINARY[node.operator](left, right))


def _at(at: int, closure: Closure) -> Closure:
    """The closure, telling the place of what fails in it."""

    def placed(frame: Frame) -> Any:
        try:
            return closure(frame)
        except ExpressionError as error:
            raise error.placed(at) from None

    return placed


def _computed(what: str, apply: Callable[[Any, Any], Any]) -> Callable[[Closure, Closure], Closure]:
    """An operator within which no `??` around it catches what is undefined, as in Kestra."""

    def join(left: Closure, right: Closure) -> Closure:
        def compute(frame: Frame) -> Any:
            try:
                return apply(left(frame), right(frame))
            except UndefinedVariable as error:
                raise ExpressionRuntimeError(f"Could not perform {what}: {error.explained}", error.at) from error

        return compute

    return join


def _added(left: Closure, right: Closure) -> Closure:
    added = _computed(ops.SYMBOLS["+"], ops.add)(left, right)
    return lambda frame: frame.shared.take(added(frame), SHARED_ITEM_BYTES)


def _ordered(what: str, holds: Callable[[Any, Any], bool]) -> Callable[[Closure, Closure], Closure]:
    return _computed(what, lambda left, right: ops.compare(left, right, holds))


def _calculated(symbol: str) -> Callable[[Closure, Closure], Closure]:
    return _computed(ops.SYMBOLS[symbol], lambda left, right: ops.calculate(symbol, left, right))


def _null_coalescing(left: Closure, right: Closure) -> Closure:
    def choose(frame: Frame) -> Any:
        try:
            value = left(frame)
        except UndefinedVariable:
            return right(frame)
        return right(frame) if value is None else value

    return choose


def _undefined_coalescing(left: Closure, right: Closure) -> Closure:
    def choose(frame: Frame) -> Any:
        try:
            return left(frame)
        except UndefinedVariable:
            return right(frame)

    return choose


def _contains(left: Closure, right: Closure) -> Closure:
    def decide(frame: Frame) -> Any:
        container = left(frame)
        # null contains nothing, and its right side may then be undefined: Pebble does not look at it
        return container is not None and ops.contains(container, right(frame))

    return decide


def _counted_range(left: Closure, right: Closure) -> Closure:
    def build(frame: Frame) -> Any:
        items = ops.number_range(left(frame), right(frame))
        frame.shared.spend(len(items))
        return items

    return build


# `or` and `and` yield booleans, not operands, and an undefined operand stays one, which `??` may catch
_BINARY: dict[str, Callable[[Closure, Closure], Closure]] = {
    "or": lambda left, right: lambda frame: ops.truth(left(frame)) or ops.truth(right(frame)),
    "and": lambda left, right: lambda frame: ops.truth(left(frame)) and ops.truth(right(frame)),
    "==": _computed("equals comparison", ops.equal),
    "equals": _computed("equals comparison", ops.equal),
    "!=": _computed("not equals comparison", lambda left, right: not ops.equal(left, right)),
    "<": _ordered("less than comparison", operator.lt),
    ">": _ordered("greater than comparison", operator.gt),
    "<=": _ordered("less than or equals comparison", operator.le),
    ">=": _ordered("greater than or equals comparison", operator.ge),
    "contains": _contains,
    "+": _added,
    "-": _computed("subtraction", ops.subtract),
    "*": _calculated("*"),
    "/": _calculated("/"),
    "%": _calculated("%"),
    "..": _counted_range,
    "??": _null_coalescing,
    "???": _undefined_coalescing,
}

_COMPILERS: dict[type[Node], Callable[[Any, Compilation], Closure]] = {
    Literal: _literal,
    Name: _name,
    Attribute: _attribute,
    ListLiteral: _list,
    MapLiteral: _map,
    Interpolation: _interpolation,
    Concatenation: _concatenation,
    Ternary: _ternary,
    Unary: _unary,
    Binary: _binary,
    Filtered: lambda node, names: compile_filter(node, lambda inner: compile_expression(inner, names)),
    Tested: lambda node, names: compile_test(node, lambda inner: compile_expression(inner, names)),
    Call: lambda node, names: compile_call(node, lambda inner: compile_expression(inner, names)),
}
