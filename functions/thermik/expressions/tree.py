"""The syntax tree: what the parser builds, what the compiler and the checks read.

Every node knows where in the text it begins (`at`, an offset); places do not count when trees are compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Node:
    """Anything of a template."""

    at: int = field(compare=False, repr=False)


@dataclass(frozen=True)
class Literal(Node):
    """A number, a text, a boolean or null."""

    value: Any


@dataclass(frozen=True)
class ListLiteral(Node):
    """`[a, b]`."""

    items: tuple[Node, ...]


@dataclass(frozen=True)
class MapLiteral(Node):
    """`{k: v}`; keys are expressions."""

    pairs: tuple[tuple[Node, Node], ...]


@dataclass(frozen=True)
class Interpolation(Node):
    """`"text #{expression}"`; one part alone keeps its kind."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Name(Node):
    """A variable."""

    name: str


@dataclass(frozen=True)
class Argument:
    """An argument of a call, perhaps named."""

    name: str | None
    value: Node


@dataclass(frozen=True)
class Attribute(Node):
    """`target.key`, `target[key]`, or a call of a listed method: `target.key(arguments)`."""

    target: Node
    key: Node
    arguments: tuple[Argument, ...] | None = None


@dataclass(frozen=True)
class Unary(Node):
    """`not a`, `-a`, `+a`."""

    operator: str
    operand: Node


@dataclass(frozen=True)
class Binary(Node):
    """`a operator b`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Concatenation(Node):
    """`a ~ b ~ …`, all operands of one chain."""

    operands: tuple[Node, ...]


@dataclass(frozen=True)
class Ternary(Node):
    """`condition ? yes : no`."""

    condition: Node
    yes: Node
    no: Node


@dataclass(frozen=True)
class Filtered(Node):
    """`operand | name(arguments)`."""

    operand: Node
    name: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True)
class Tested(Node):
    """`operand is name(arguments)`, or `is not`."""

    operand: Node
    name: str
    arguments: tuple[Argument, ...]
    negated: bool


@dataclass(frozen=True)
class Call(Node):
    """`name(arguments)`: a function, a macro or a block."""

    name: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True)
class Text(Node):
    """Text between tags; `raw` if it stood in a `raw` block, and stays unrendered in every round."""

    text: str
    raw: bool = False


@dataclass(frozen=True)
class Print(Node):
    """`{{ expression }}`."""

    expression: Node


@dataclass(frozen=True)
class If(Node):
    """`if`, its `elseif`s and its `else`."""

    branches: tuple[tuple[Node, tuple[Node, ...]], ...]
    otherwise: tuple[Node, ...] | None


@dataclass(frozen=True)
class For(Node):
    """`for name in items`, and its `else`."""

    name: str
    items: Node
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...] | None


@dataclass(frozen=True)
class Assign(Node):
    """`set name = value`."""

    name: str
    value: Node


@dataclass(frozen=True)
class Macro(Node):
    """`macro name(parameters)`; a parameter may have a default."""

    name: str
    parameters: tuple[tuple[str, Node | None], ...]
    body: tuple[Node, ...]


@dataclass(frozen=True)
class FilterBlock(Node):
    """`filter a | b`: its body's text goes through the filters."""

    filters: tuple[tuple[str, tuple[Argument, ...]], ...]
    body: tuple[Node, ...]


@dataclass(frozen=True)
class Block(Node):
    """`block name`: printed here, and again by `block('name')`."""

    name: str
    body: tuple[Node, ...]
