"""Writes a syntax tree as text, every operand in brackets, for the test that reads it again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from thermik.expressions import tree as t


def written(body: tuple[t.Node, ...]) -> str:
    return "".join(
        "{{ " + _expression(node.expression) + " }}" if isinstance(node, t.Print) else node.text for node in body
    )


def _arguments(arguments: Iterable) -> str:
    return "(" + ", ".join((f"{a.name}=" if a.name else "") + _expression(a.value) for a in arguments) + ")"


def _literal(value: object) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "\\'") + "'"
    if isinstance(value, float):
        return f"{value:.20f}"
    return (
        {True: "true", False: "false", None: "null"}[value] if value is None or isinstance(value, bool) else str(value)
    )


def _expression(node: Any) -> str:
    return "(" + _inner(node) + ")"


_WRITERS = {
    t.Literal: lambda n: _literal(n.value),
    t.Name: lambda n: n.name,
    t.ListLiteral: lambda n: "[" + ", ".join(map(_expression, n.items)) + "]",
    t.MapLiteral: lambda n: "{" + ", ".join(f"{_expression(k)}: {_expression(v)}" for k, v in n.pairs) + "}",
    t.Interpolation: lambda n: '"' + "".join(_part(part) for part in n.parts) + '"',
    t.Attribute: lambda n: _expression(n.target) + (
        "[" + _expression(n.key) + "]" if n.arguments is None else "." + n.key.value + _arguments(n.arguments)
    ),
    t.Unary: lambda n: f"{n.operator} {_expression(n.operand)}",
    t.Binary: lambda n: f"{_expression(n.left)} {n.operator} {_expression(n.right)}",
    t.Concatenation: lambda n: " ~ ".join(map(_expression, n.operands)),
    t.Ternary: lambda n: f"{_expression(n.condition)} ? {_expression(n.yes)} : {_expression(n.no)}",
    t.Filtered: lambda n: f"{_expression(n.operand)} | {n.name}" + _arguments(n.arguments),
    t.Tested: lambda n: f"{_expression(n.operand)} is {'not ' if n.negated else ''}{n.name}" + _arguments(n.arguments),
    t.Call: lambda n: n.name + _arguments(n.arguments),
}  # fmt: skip


def _part(part: t.Node) -> str:
    return "#{" + _expression(part) + "}"


def _inner(node: Any) -> str:
    return _WRITERS[type(node)](node)
