"""What can be said about a template before it runs: its syntax, and names that nobody knows.

Unknown variables stay errors of the run, since only the run knows what there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from thermik.expressions import registry
from thermik.expressions.calls import bind, no_such
from thermik.expressions.errors import ExpressionError, ExpressionSyntaxError
from thermik.expressions.statements import parse
from thermik.expressions.template import is_template
from thermik.expressions.tree import Argument, Call, FilterBlock, Filtered, Macro, Node, Tested
from thermik.expressions.walks import expressions, statements

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
    found = [problem for used in uses(tree) if (problem := _problem(used, macros, text))]
    return sorted(found, key=lambda problem: (problem.line, problem.column))


def _problem(used: Used, macros: set[str], text: str) -> Problem | None:
    kind, name, arguments, at = used
    entry = registry.find(kind, name)
    if entry is None:
        if kind == "function" and (name in macros or name == "block"):
            return None  # a macro's arguments are bound when it is called: it may be defined behind the call
        return _placed(no_such(kind, name, macros if kind == "function" else ()), at, text)
    try:
        bind(arguments, entry)
    except ExpressionError as error:
        return _placed(f"{entry.signature}: {error.problem}", at, text)
    return None


def _placed(message: str, at: int, text: str) -> Problem:
    error = ExpressionSyntaxError(message, at, text)
    return Problem(message, error.line, error.column)


def uses(tree: tuple[Node, ...]) -> Iterator[Used]:
    """Every use of a filter, a function or a test."""
    for statement in statements(tree):
        if isinstance(statement, FilterBlock):
            for name, arguments in statement.filters:
                yield "filter", name, arguments, statement.at
    for node in expressions(tree):
        if isinstance(node, Filtered):
            yield "filter", node.name, node.arguments, node.at
        elif isinstance(node, Tested):
            yield "test", node.name, node.arguments, node.at
        elif isinstance(node, Call):
            yield "function", node.name, node.arguments, node.at
