"""Calls of filters, tests, functions, macros and blocks: which one a name means, and which argument goes where.

An unknown name is no error until it is called, as in Kestra; `checks` reports it when a flow is saved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from thermik.expressions import registry
from thermik.expressions.errors import ExpressionError, ExpressionRuntimeError, UndefinedVariable, did_you_mean
from thermik.expressions.frames import Frame
from thermik.expressions.refused import REFUSED
from thermik.expressions.tree import Argument, Call, Filtered, Node, Tested

Closure = Callable[[Frame], Any]
Compile = Callable[[Node], Closure]

_MISTAKES = (ArithmeticError, LookupError, TypeError, ValueError)  # of an implementation that met odd data

NAMES_OF_KINDS = {"filter": "Filter", "function": "Function or Macro", "test": "Test"}


def compile_filter(node: Filtered, compiled: Compile) -> Closure:
    """`operand | name(arguments)`."""
    return filter_closure(compiled(node.operand), node.name, node.arguments, node.at, compiled)


def filter_closure(operand: Closure, name: str, arguments: tuple[Argument, ...], at: int, compiled: Compile) -> Closure:
    """The filter applied to an operand that is compiled already."""
    entry = registry.find("filter", name)
    if entry is None:
        return _failing_for("filter", name, at)
    return _applied(entry, _lenient(operand) if entry.lenient else operand, arguments, at, compiled)


def compile_test(node: Tested, compiled: Compile) -> Closure:
    """`operand is name(arguments)`, or `is not`."""
    entry = registry.find("test", node.name)
    if entry is None:
        return _failing_for("test", node.name, node.at)
    operand = compiled(node.operand)
    holds = _applied(entry, _lenient(operand) if entry.lenient else operand, node.arguments, node.at, compiled)
    return (lambda frame: not holds(frame)) if node.negated else holds


def compile_call(node: Call, compiled: Compile) -> Closure:
    """`name(arguments)`: a function if there is one, else a macro of the template."""
    if node.name == "block":
        return _block_call(node, compiled)
    # functions first: a macro of the same name cannot take a function's place
    entry = registry.find("function", node.name)
    return _applied(entry, None, node.arguments, node.at, compiled) if entry else _macro_call(node, compiled)


def _lenient(operand: Closure) -> Closure:
    def read(frame: Frame) -> Any:
        try:
            return operand(frame)
        except UndefinedVariable:
            return None

    return read


def _applied(
    entry: registry.Entry, operand: Closure | None, arguments: tuple[Argument, ...], at: int, compiled: Compile
) -> Closure:
    """A registered implementation applied to its operand and arguments."""
    try:
        order = bind(arguments, entry)
    except ExpressionError as error:
        return _failing(error.problem, at)
    if operand is not None and not order and not entry.framed:
        return _simple(entry, operand, at)
    readers = ([operand] if operand is not None else []) + [compiled(value) if value else _null for value in order]
    implementation, framed = entry.implementation, entry.framed
    keeps_null = entry.kind == "filter" and not entry.takes_null

    def call(frame: Frame) -> Any:
        values = [reader(frame) for reader in readers]
        frame.shared.spend(1)
        if keeps_null and values[0] is None:
            return None
        try:
            return frame.shared.take(implementation(frame, *values) if framed else implementation(*values))
        except ExpressionError as error:
            raise error.placed(at) from error.__cause__  # its own cause, not itself
        except _MISTAKES as error:
            raise _failed(entry, error, at) from error

    return call


def _simple(entry: registry.Entry, operand: Closure, at: int) -> Closure:
    """A filter or test without arguments: the most frequent call."""
    implementation = entry.implementation
    keeps_null = entry.kind == "filter" and not entry.takes_null

    def call(frame: Frame) -> Any:
        value = operand(frame)
        frame.shared.spend(1)
        if keeps_null and value is None:
            return None
        try:
            return frame.shared.take(implementation(value))
        except ExpressionError as error:
            raise error.placed(at) from error.__cause__
        except _MISTAKES as error:
            raise _failed(entry, error, at) from error

    return call


def _null(_: Frame) -> None:
    return None


def _failed(entry: registry.Entry, error: Exception, at: int) -> ExpressionRuntimeError:
    return ExpressionRuntimeError(f"The {entry.kind} '{entry.name}' cannot take this value: {error}", at)


def no_such(kind: registry.Kind, name: str, macros: Iterable[str] = ()) -> str:
    """Kestra's sentence about a name that nobody knows, and the nearest one that is known (of macros, too).

    A function that only Kestra has comes with the reason instead.
    """
    if kind == "function" and name in REFUSED:
        return f"{NAMES_OF_KINDS[kind]} [{name}] does not exist here: {REFUSED[name]}."
    hint = did_you_mean(name, [*(entry.name for entry in registry.everything(kind)), *macros])
    return f"{NAMES_OF_KINDS[kind]} [{name}] does not exist{hint or '.'}"


def _failing_for(kind: registry.Kind, name: str, at: int) -> Closure:
    def fail(_: Frame) -> Any:
        raise ExpressionRuntimeError(no_such(kind, name), at)

    return fail


def _failing(problem: str, at: int) -> Closure:
    def fail(_: Frame) -> Any:
        raise ExpressionRuntimeError(problem, at)

    return fail


def bind(arguments: Sequence[Argument], entry: registry.Entry) -> list[Node | None]:
    """The values in their declared order, None where one is absent; nothing behind the last one given.

    Raises:
        ExpressionRuntimeError: too many, an unknown name, or a required one is absent.
    """
    declared, required = entry.arguments, entry.required
    if declared is None:
        return [argument.value for argument in arguments if argument.name is None]
    if declared == () and entry.kind != "function":
        return []  # a filter or test that declares nothing takes, and ignores, anything
    order: list[Node | None] = [None] * len(declared)
    for position, argument in enumerate(arguments):
        order[_place(argument, position, declared)] = argument.value
    missing = [name for name, value in zip(declared[:required], order, strict=False) if value is None]
    if missing:
        raise ExpressionRuntimeError(f"The argument '{missing[0]}' is required.")
    while order and order[-1] is None:
        order.pop()
    return order


def _place(argument: Argument, position: int, declared: Sequence[str]) -> int:
    if argument.name is None:
        if position >= len(declared):
            raise ExpressionRuntimeError(
                f"The argument at position {position + 1} is not allowed. Only {len(declared)} argument(s) are allowed."
            )
        return position
    if argument.name not in declared:
        raise ExpressionRuntimeError(f"The following named argument does not exist: {argument.name}")
    return list(declared).index(argument.name)


def _macro_call(node: Call, compiled: Compile) -> Closure:
    name, at = node.name, node.at
    given = [(argument, compiled(argument.value)) for argument in node.arguments]

    def call(frame: Frame) -> Any:
        # looked up when it is called: a macro may be defined behind the call, or call itself
        macro = frame.program.macros.get(name)
        if macro is None:
            raise ExpressionRuntimeError(no_such("function", name, frame.program.macros), at)
        parameters = [parameter for parameter, _ in macro.parameters]
        try:
            places = [_place(argument, position, parameters) for position, (argument, _) in enumerate(given)]
        except ExpressionError as error:
            raise error.placed(at) from None
        values = {parameters[place]: value(frame) for place, (_, value) in zip(places, given, strict=True)}
        return _run_macro(macro, values, frame)

    return call


def _run_macro(macro: Any, values: dict[str, Any], frame: Frame) -> str:
    """The text that a macro prints; it sees nothing but its arguments."""
    inner = frame.inner(frame.program, {})
    for parameter, default in macro.parameters:
        if parameter not in values:
            values[parameter] = default(inner) if default else None
    inner.scopes = [values]
    frame.shared.enter()
    try:
        return inner.captured(macro.run)
    finally:
        frame.shared.leave()


def _block_call(node: Call, compiled: Compile) -> Closure:
    names = [compiled(argument.value) for argument in node.arguments]
    if len(names) != 1:
        return _failing("The function 'block' takes one argument, the name of the block", node.at)

    def call(frame: Frame) -> Any:
        step = frame.program.blocks.get(names[0](frame))
        if step is None:
            return ""
        frame.shared.enter()
        try:
            return frame.captured(step)
        finally:
            frame.shared.leave()

    return call
