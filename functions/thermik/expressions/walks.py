"""Ways through the syntax tree: what stands directly inside a node, for those who look at every part of a template."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from thermik.expressions.tree import (
    Argument,
    Assign,
    Attribute,
    Binary,
    Block,
    Call,
    Concatenation,
    FilterBlock,
    Filtered,
    For,
    If,
    Interpolation,
    ListLiteral,
    Macro,
    MapLiteral,
    Node,
    Print,
    Ternary,
    Tested,
    Unary,
)

Nodes = tuple[Node, ...]


def _values(arguments: Iterable[Argument] | None) -> Nodes:
    return tuple(argument.value for argument in arguments or ())


_CHILDREN: dict[type[Node], Callable[[Any], Nodes]] = {
    ListLiteral: lambda node: node.items,
    MapLiteral: lambda node: tuple(part for pair in node.pairs for part in pair),
    Interpolation: lambda node: node.parts,
    Attribute: lambda node: (node.target, node.key, *_values(node.arguments)),
    Unary: lambda node: (node.operand,),
    Binary: lambda node: (node.left, node.right),
    Concatenation: lambda node: node.operands,
    Ternary: lambda node: (node.condition, node.yes, node.no),
    Filtered: lambda node: (node.operand, *_values(node.arguments)),
    Tested: lambda node: (node.operand, *_values(node.arguments)),
    Call: lambda node: _values(node.arguments),
    Print: lambda node: (node.expression,),
    Assign: lambda node: (node.value,),
    For: lambda node: (node.items,),
    If: lambda node: tuple(condition for condition, _ in node.branches),
    Macro: lambda node: tuple(default for _, default in node.parameters if default),
    FilterBlock: lambda node: tuple(value for _, arguments in node.filters for value in _values(arguments)),
}
# apart from the children: bodies hold statements, in which names may be bound that are free outside
_BODIES: dict[type[Node], Callable[[Any], tuple[Nodes, ...]]] = {
    If: lambda node: (*(body for _, body in node.branches), node.otherwise or ()),
    For: lambda node: (node.body, node.otherwise or ()),
    Macro: lambda node: (node.body,),
    FilterBlock: lambda node: (node.body,),
    Block: lambda node: (node.body,),
}


def children(node: Node) -> Nodes:
    """The expressions directly inside an expression, or in a statement outside its bodies."""
    reader = _CHILDREN.get(type(node))
    return reader(node) if reader else ()


def bodies(node: Node) -> tuple[Nodes, ...]:
    """The bodies of statements inside a statement."""
    reader = _BODIES.get(type(node))
    return reader(node) if reader else ()


def statements(body: Iterable[Node]) -> Iterator[Node]:
    """All statements of a tree, outer ones first."""
    for node in body:
        yield node
        for inner in bodies(node):
            yield from statements(inner)


def expressions(body: Iterable[Node]) -> Iterator[Node]:
    """All expressions of a tree, outer ones first."""
    for statement in statements(body):
        for child in children(statement):
            yield from _within(child)


def _within(node: Node) -> Iterator[Node]:
    yield node
    for child in children(node):
        yield from _within(child)
