"""What a template may read, found in its tree: the worker loads that, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable

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
    Literal,
    Macro,
    MapLiteral,
    Name,
    Node,
    Print,
    Ternary,
    Tested,
    Text,
    Unary,
)

Path = tuple[str | None, ...]

_READ_BY = {
    "currentEachOutput": (("parents",), ("taskrun", "value")),
    "fileURI": (("flow", "namespace"),),
    "read": (("flow", "namespace"), ("execution", "id"), ("trigger",)),
    "fileSize": (("flow", "namespace"), ("execution", "id"), ("trigger",)),
    "kv": (("flow", "namespace"),),
    "secret": (("flow", "namespace"),),
    "errorLogs": (("execution", "id"),),
}
"""Functions that read variables beside their arguments."""
_READ_ALL = frozenset({"printContext", "fetchContext", "render", "renderOnce"})


def read_paths(tree: tuple[Node, ...]) -> tuple[tuple[Path, ...], bool]:
    """The paths that a template may read, each once, in their order, and whether it may read everything."""
    found: dict[Path, None] = {}
    everything = _Walk(found).statements(tree, frozenset())
    return tuple(found), everything


class _Walk:
    """Collects paths; a name that a loop or a macro binds around the place is no variable."""

    def __init__(self, found: dict[Path, None]) -> None:
        self.found = found
        self.everything = False

    def statements(self, body: Iterable[Node], local: frozenset[str]) -> bool:
        for node in body:
            self.statement(node, local)
        return self.everything

    def statement(self, node: Node, local: frozenset[str]) -> None:
        if isinstance(node, Print):
            self.expression(node.expression, local)
        elif isinstance(node, Assign):
            self.expression(node.value, local)
        elif isinstance(node, If):
            for condition, body in node.branches:
                self.expression(condition, local)
                self.statements(body, local)
            self.statements(node.otherwise or (), local)
        elif isinstance(node, For):
            self.expression(node.items, local)
            self.statements(node.body, local | {node.name, "loop"})
            self.statements(node.otherwise or (), local)
        elif isinstance(node, Macro):
            self.macro(node)
        elif isinstance(node, FilterBlock):
            for _, arguments in node.filters:
                self.arguments(arguments, local)
            self.statements(node.body, local)
        elif isinstance(node, Block):
            self.statements(node.body, local)

    def macro(self, node: Macro) -> None:
        """A macro sees no variables: only what it calls may read any."""
        kept = self.found
        self.found = {}
        for _, default in node.parameters:
            if default:
                self.expression(default, frozenset())
        self.statements(node.body, frozenset())
        self.found = kept

    def arguments(self, arguments: tuple[Argument, ...], local: frozenset[str]) -> None:
        for argument in arguments:
            self.expression(argument.value, local)

    def expression(self, node: Node, local: frozenset[str]) -> None:
        if isinstance(node, (Name, Attribute)):
            self.path(node, local)
            return
        if isinstance(node, Call):
            self.everything = self.everything or node.name in _READ_ALL
            self.found.update(dict.fromkeys(_READ_BY.get(node.name, ())))
        for child in children(node):
            self.expression(child, local)

    def path(self, node: Node, local: frozenset[str]) -> None:
        """A chain of keys: the path, and what its subscripts read."""
        keys: list[str | None] = []
        while isinstance(node, Attribute):
            if node.arguments is not None:
                self.arguments(node.arguments, local)
                keys.clear()  # a method reads what it is called on
            elif isinstance(node.key, Literal):
                keys.append(None if node.key.value is None else str(node.key.value))
            else:
                self.expression(node.key, local)
                keys.append(None)
            node = node.target
        if not isinstance(node, Name):
            self.expression(node, local)
        elif node.name not in local:
            self.found[(node.name, *reversed(keys))] = None


def children(node: Node) -> Iterable[Node]:
    """The expressions directly inside an expression."""
    if isinstance(node, (Literal, Name, Text)):
        return ()
    if isinstance(node, Binary):
        return (node.left, node.right)
    if isinstance(node, (Filtered, Tested)):
        return (node.operand, *(argument.value for argument in node.arguments))
    if isinstance(node, Call):
        return tuple(argument.value for argument in node.arguments)
    if isinstance(node, Attribute):
        return (node.target, node.key, *(argument.value for argument in node.arguments or ()))
    if isinstance(node, ListLiteral):
        return node.items
    if isinstance(node, MapLiteral):
        return tuple(part for pair in node.pairs for part in pair)
    if isinstance(node, Interpolation):
        return node.parts
    if isinstance(node, Concatenation):
        return node.operands
    if isinstance(node, Ternary):
        return (node.condition, node.yes, node.no)
    return (node.operand,) if isinstance(node, Unary) else ()
