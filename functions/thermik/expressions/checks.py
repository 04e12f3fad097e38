"""What can be said about a template before it runs: its syntax, and names that nobody knows.

Unknown variables stay errors of the run, since only the run knows what there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from thermik.expressions import registry
from thermik.expressions.calls import NAMES_OF_KINDS, bind
from thermik.expressions.errors import ExpressionError, ExpressionSyntaxError
from thermik.expressions.references import children
from thermik.expressions.statements import parse
from thermik.expressions.steps import bodies
from thermik.expressions.template import is_template
from thermik.expressions.tree import Argument, Assign, Call, FilterBlock, Filtered, For, If, Macro, Node, Print, Tested

Used = tuple[registry.Kind, str, tuple[Argument, ...], int]


@dataclass(frozen=True)
class Problem:
    """Something wrong in a template; line and column count from 1, within the template's text."""

    message: str
    line: int
    column: int


def check_template(text: str) -> list[Problem]:
    """Every problem that shows without running the template; a syntax error hides the others."""
    if not is_template(text):
        return []
    try:
        tree = parse(text)
    except ExpressionSyntaxError as error:
        return [Problem(error.problem, error.line, error.column)]
    macros = {node.name for node in statements(tree) if isinstance(node, Macro)}
    return [found for used in uses(tree) if (found := _problem(used, macros, text))]


def _problem(used: Used, macros: set[str], text: str) -> Problem | None:
    kind, name, arguments, at = used
    entry = registry.find(kind, name)
    if entry is None:
        if kind == "function" and (name in macros or name == "block"):
            return None
        return _placed(f"{NAMES_OF_KINDS[kind]} [{name}] does not exist.", at, text)
    try:
        bind(arguments, entry)
    except ExpressionError as error:
        return _placed(f"{entry.signature}: {error.problem}", at, text)
    return None


def _placed(message: str, at: int, text: str) -> Problem:
    error = ExpressionSyntaxError(message, at, text)
    return Problem(message, error.line, error.column)


def statements(body: Iterable[Node]) -> Iterator[Node]:
    """All statements of a tree, outer ones first."""
    for node in body:
        yield node
        for inner in bodies(node):
            yield from statements(inner)


def uses(tree: tuple[Node, ...]) -> Iterator[Used]:
    """Every use of a filter, a function or a test."""
    for statement in statements(tree):
        if isinstance(statement, FilterBlock):
            for name, arguments in statement.filters:
                yield "filter", name, arguments, statement.at
                for argument in arguments:
                    yield from _uses_in(argument.value)
        for expression in expressions(statement):
            yield from _uses_in(expression)


def _uses_in(node: Node) -> Iterator[Used]:
    if isinstance(node, Filtered):
        yield "filter", node.name, node.arguments, node.at
    elif isinstance(node, Tested):
        yield "test", node.name, node.arguments, node.at
    elif isinstance(node, Call):
        yield "function", node.name, node.arguments, node.at
    for child in children(node):
        yield from _uses_in(child)


def expressions(statement: Node) -> tuple[Node, ...]:
    """The expressions directly in a statement, those of its bodies left out."""
    if isinstance(statement, Print):
        return (statement.expression,)
    if isinstance(statement, Assign):
        return (statement.value,)
    if isinstance(statement, For):
        return (statement.items,)
    if isinstance(statement, If):
        return tuple(condition for condition, _ in statement.branches)
    if isinstance(statement, Macro):
        return tuple(default for _, default in statement.parameters if default)
    return ()
