"""The syntax tree: what the parser builds, what the compiler and the checks read.

Every node knows where in the text it begins (`at`, an offset); places do not count when trees are compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar, dataclass_transform

_Kind = TypeVar("_Kind")


@dataclass_transform(frozen_default=True, eq_default=False)
def _node(kind: type[_Kind]) -> type[_Kind]:
    """A frozen dataclass that compares and shows itself as `Node` says; less code to generate."""
    return dataclass(frozen=True, eq=False, repr=False)(kind)


@_node
class Node:
    """Anything of a template."""

    at: int

    def _content(self) -> tuple[Any, ...]:
        return tuple(value for name, value in vars(self).items() if name != "at")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Node) and self._content() == other._content()

    def __hash__(self) -> int:
        return hash((type(self), self._content()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}{self._content()!r}"


@_node
class Literal(Node):
    """A number, a text, a boolean or null."""

    value: Any


@_node
class ListLiteral(Node):
    """`[a, b]`."""

    items: tuple[Node, ...]


@_node
class MapLiteral(Node):
    """`{k: v}`; keys are expressions."""

    pairs: tuple[tuple[Node, Node], ...]


@_node
class Interpolation(Node):
    """`"text #{expression}"`; one part alone keeps its kind."""

    parts: tuple[Node, ...]


@_node
class Name(Node):
    """A variable."""

    name: str


@dataclass(frozen=True)
class Argument:
    """An argument of a call, perhaps named."""

    name: str | None
    value: Node


@_node
class Attribute(Node):
    """`target.key`, `target[key]`, or a call of a listed method: `target.key(arguments)`."""

    target: Node
    key: Node
    arguments: tuple[Argument, ...] | None = None


@_node
class Unary(Node):
    """`not a`, `-a`, `+a`."""

    operator: str
    operand: Node


@_node
class Binary(Node):
    """`a operator b`."""

    operator: str
    left: Node
    right: Node


@_node
class Concatenation(Node):
    """`a ~ b ~ …`, all operands of one chain."""

    operands: tuple[Node, ...]


@_node
class Ternary(Node):
    """`condition ? yes : no`."""

    condition: Node
    yes: Node
    no: Node


@_node
class Filtered(Node):
    """`operand | name(arguments)`."""

    operand: Node
    name: str
    arguments: tuple[Argument, ...]


@_node
class Tested(Node):
    """`operand is name(arguments)`, or `is not`."""

    operand: Node
    name: str
    arguments: tuple[Argument, ...]
    negated: bool


@_node
class Call(Node):
    """`name(arguments)`: a function, a macro or a block."""

    name: str
    arguments: tuple[Argument, ...]


@_node
class Text(Node):
    """Text between tags; `raw` if it stood in a `raw` block, and stays unrendered in every round."""

    text: str
    raw: bool = False


@_node
class Print(Node):
    """`{{ expression }}`."""

    expression: Node


@_node
class If(Node):
    """`if`, its `elseif`s and its `else`."""

    branches: tuple[tuple[Node, tuple[Node, ...]], ...]
    otherwise: tuple[Node, ...] | None


@_node
class For(Node):
    """`for name in items`, and its `else`."""

    name: str
    items: Node
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...] | None


@_node
class Assign(Node):
    """`set name = value`."""

    name: str
    value: Node


@_node
class Macro(Node):
    """`macro name(parameters)`; a parameter may have a default."""

    name: str
    parameters: tuple[tuple[str, Node | None], ...]
    body: tuple[Node, ...]


@_node
class FilterBlock(Node):
    """`filter a | b`: its body's text goes through the filters."""

    filters: tuple[tuple[str, tuple[Argument, ...]], ...]
    body: tuple[Node, ...]


@_node
class Block(Node):
    """`block name`: printed here, and again by `block('name')`."""

    name: str
    body: tuple[Node, ...]
