"""From tokens to expressions: precedence climbing over the table of operators.

The height of the tree is counted as it grows, chains of operators included, so that nothing that walks it later can
run out of stack.
"""

from __future__ import annotations

from typing import Any

from thermik.expressions.errors import ExpressionSyntaxError
from thermik.expressions.limits import MAX_NESTING, too_deep_source
from thermik.expressions.tokens import Token
from thermik.expressions.tree import (
    Argument,
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

# Pebble's and Kestra's numbers. Not as in Jinja2: a filter binds tighter than arithmetic, `~` and `??` tighter than it.
PRECEDENCE = {
    "or": 10,
    "and": 20,
    **dict.fromkeys(("is", "contains"), 30),
    **dict.fromkeys(("==", "equals", "!=", "<", ">", "<=", ">="), 40),
    **dict.fromkeys(("+", "-"), 50),
    **dict.fromkeys(("*", "/", "%"), 60),
    "|": 100,
    "~": 110,
    **dict.fromkeys(("..", "??", "???"), 120),
}
WORD_OPERATORS = frozenset({"or", "and", "is", "contains", "equals", "not"})
CONSTANTS = {
    **dict.fromkeys(("true", "TRUE"), True),
    **dict.fromkeys(("false", "FALSE"), False),
    **dict.fromkeys(("null", "NULL", "none", "NONE"), None),
}
_TERNARY = 0


class ExpressionParser:
    """Reads the tokens of one print or tag."""

    __slots__ = ("depth", "height", "index", "tokens")

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.index = 0
        self.depth = 0
        self.height = 0
        """The height of the node read last."""

    def is_mark(self, mark: str) -> bool:
        """Whether the current token is this punctuation."""
        kind, value, _ = self.tokens[self.index]
        return kind == "punct" and value == mark

    def skip_mark(self, mark: str) -> bool:
        """Go past this punctuation if it is there."""
        if self.is_mark(mark):
            self.index += 1
            return True
        return False

    def expect_mark(self, mark: str) -> None:
        """Go past this punctuation, which must be there."""
        if not self.skip_mark(mark):
            raise self.unexpected(f'"{mark}"')

    def expect_name(self, what: str = "a name") -> str:
        """Go past a name, which must be there; operators written as words are none."""
        kind, value, _ = self.tokens[self.index]
        if kind != "name" or value in WORD_OPERATORS:
            raise self.unexpected(what)
        self.index += 1
        return str(value)

    def is_word(self, word: str) -> bool:
        """Whether the current token is this word."""
        kind, value, _ = self.tokens[self.index]
        return kind == "name" and value == word

    def expect_end(self) -> None:
        """Nothing may follow."""
        if self.tokens[self.index][0] != "end":
            raise self.unexpected(f'"{self.tokens[-1][1]}"')

    def unexpected(self, wanted: str) -> ExpressionSyntaxError:
        """The error of a token that does not belong here."""
        kind, value, at = self.tokens[self.index]
        shown = "a text" if kind in ("string", "quoted") else f'"{value}"'
        return ExpressionSyntaxError(f"Unexpected {shown}, expected {wanted}", at)

    def expression(self, minimum: int = _TERNARY) -> Node:
        """An expression whose operators bind at least as tightly as `minimum`."""
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise too_deep_source(self.tokens[self.index][2])
        node = self.operand()
        while True:
            kind, operator, at = self.tokens[self.index]
            binding = PRECEDENCE.get(operator, -1) if kind in ("op", "name") else -1
            if binding < minimum or binding < 0:
                break
            self.index += 1
            node = self.joined(node, operator, binding, at)
        if minimum == _TERNARY and self.is_mark("?"):
            node = self.ternary(node)
        self.depth -= 1
        return node

    def joined(self, left: Node, operator: str, binding: int, at: int) -> Node:
        """`left operator …`, what follows the operator being read here."""
        height = self.height
        node: Node
        if operator == "|":
            node = self.filtered(left, at)
        elif operator == "is":
            node = self.tested(left, at)
        elif operator == "~":
            # one node a chain: texts joined of a hundred parts are no deep tree, and are joined once
            operands = [left, self.expression(binding + 1)]
            height = max(height, self.height)
            while self.tokens[self.index][:2] == ("op", "~"):
                self.index += 1
                operands.append(self.expression(binding + 1))
                height = max(height, self.height)
            node = Concatenation(at, tuple(operands))
        else:
            node = Binary(at, operator, left, self.expression(binding + 1))
        self.grow(height, at)
        return node

    def grow(self, height: int, at: int) -> None:
        """One level more above this height and that of the node read last."""
        self.height = max(height, self.height) + 1
        if self.height > MAX_NESTING:
            raise too_deep_source(at)

    def ternary(self, condition: Node) -> Node:
        """`condition ? yes : no`, at the question mark."""
        at = self.tokens[self.index][2]
        height = self.height
        self.index += 1
        yes = self.expression()
        height = max(height, self.height)
        self.expect_mark(":")
        no = self.expression()
        self.grow(height, at)
        return Ternary(at, condition, yes, no)

    def filtered(self, operand: Node, at: int) -> Filtered:
        """The filter after `|`."""
        name = self.expect_name("the name of a filter")
        return Filtered(at, operand, name, self.optional_arguments())

    def tested(self, operand: Node, at: int) -> Tested:
        """The test after `is`."""
        negated = self.is_word("not")
        self.index += negated
        name = self.expect_name("the name of a test")
        return Tested(at, operand, name, self.optional_arguments(), negated)

    def optional_arguments(self) -> tuple[Argument, ...]:
        """`(…)` if it is there."""
        if self.is_mark("("):
            return self.arguments()
        self.height = 0
        return ()

    def arguments(self) -> tuple[Argument, ...]:
        """`(a, b=c)`."""
        self.expect_mark("(")
        found: list[Argument] = []
        height = 0
        while not self.is_mark(")"):
            if found:
                self.expect_mark(",")
            found.append(self.argument(named=bool(found and found[-1].name)))
            height = max(height, self.height)
        self.index += 1
        self.height = height
        return tuple(found)

    def argument(self, named: bool) -> Argument:
        """`value`, or `name=value`; after a named one, all are named."""
        after = self.tokens[self.index + 1][:2] if self.index + 1 < len(self.tokens) else ("", "")
        if after == ("punct", "="):
            name = self.expect_name("the name of an argument")
            self.index += 1
            return Argument(name, self.expression())
        if named:
            raise self.unexpected("a named argument, since the one before it is named")
        return Argument(None, self.expression())

    def operand(self) -> Node:
        """An operand with its signs, subscripts and attributes."""
        kind, value, at = self.tokens[self.index]
        # a sign takes the operand alone, so `not a == b` is `(not a) == b`, and `-3 | abs` is 3
        if (kind == "op" and value in ("-", "+")) or (kind == "name" and value == "not"):
            self.index += 1
            self.depth += 1
            if self.depth > MAX_NESTING:
                raise too_deep_source(at)
            inner = self.operand()
            self.depth -= 1
            self.grow(0, at)
            return Unary(at, value, inner)
        node, takes_subscript = self.primary(kind, value, at)
        return self.subscripts(node) if takes_subscript else node

    def primary(self, kind: str, value: Any, at: int) -> tuple[Node, bool]:
        """The smallest expression, and whether a dot or a bracket may follow it directly."""
        self.index += 1
        self.height = 1
        if kind == "name" and value not in WORD_OPERATORS:
            return self.named(value, at), True
        if kind in ("string", "number"):
            return Literal(at, value), True
        if kind == "quoted":
            return self.interpolation(value, at), True
        if kind == "punct" and value == "(":
            node = self.expression()
            self.expect_mark(")")
            return node, True
        if kind == "punct" and value == "[":
            return self.list_literal(at), False
        if kind == "punct" and value == "{":
            return self.map_literal(at), False
        self.index -= 1
        raise self.unexpected("an expression")

    def named(self, name: str, at: int) -> Node:
        """A constant, a variable or a call."""
        if name in CONSTANTS:
            return Literal(at, CONSTANTS[name])
        if self.is_mark("("):
            arguments = self.arguments()
            self.grow(0, at)
            return Call(at, name, arguments)
        return Name(at, name)

    def interpolation(self, parts: list[Any], at: int) -> Node:
        """The parts of a text in double quotes."""
        nodes: list[Node] = []
        height = 0
        for part in parts:
            if isinstance(part, str):
                nodes.append(Literal(at, part))
                continue
            inner = ExpressionParser(part)
            inner.depth = self.depth
            nodes.append(inner.expression())
            inner.expect_end()
            height = max(height, inner.height)
        self.height = 0
        self.grow(height, at)
        return nodes[0] if len(nodes) == 1 else Interpolation(at, tuple(nodes))

    def list_literal(self, at: int) -> Node:
        """`[a, b]`, after the bracket."""
        items: list[Node] = []
        height = 0
        while not self.is_mark("]"):
            if items:
                self.expect_mark(",")
            items.append(self.expression())
            height = max(height, self.height)
        self.index += 1
        self.grow(height, at)
        return ListLiteral(at, tuple(items))

    def map_literal(self, at: int) -> Node:
        """`{k: v}`, after the brace."""
        pairs: list[tuple[Node, Node]] = []
        height = 0
        while not self.is_mark("}"):
            if pairs:
                self.expect_mark(",")
            key = self.expression()
            height = max(height, self.height)
            self.expect_mark(":")
            pairs.append((key, self.expression()))
            height = max(height, self.height)
        self.index += 1
        self.grow(height, at)
        return MapLiteral(at, tuple(pairs))

    def subscripts(self, node: Node) -> Node:
        """The dots and brackets after an operand."""
        while True:
            at = self.tokens[self.index][2]
            height = self.height
            if self.skip_mark("."):
                node = self.dotted(node, at)
            elif self.skip_mark("["):
                key = self.expression()
                self.expect_mark("]")
                node = Attribute(at, node, key)
            else:
                return node
            self.grow(height, at)

    def dotted(self, target: Node, at: int) -> Node:
        """`target.name`, `target.name(arguments)`, after the dot."""
        key = Literal(at, self.expect_name("the name of an attribute"))
        self.height = 0
        return Attribute(at, target, key, self.arguments() if self.is_mark("(") else None)
