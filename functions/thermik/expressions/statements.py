"""From pieces to statements: text, prints and the tags, each tag's form in one function of the table `TAGS`."""

from __future__ import annotations

from collections.abc import Callable

from thermik.expressions.errors import ExpressionSyntaxError, did_you_mean
from thermik.expressions.limits import MAX_NESTING, MAX_SOURCE, too_deep_source
from thermik.expressions.parser import ExpressionParser
from thermik.expressions.tokens import Piece, pieces
from thermik.expressions.tree import Argument, Assign, Block, FilterBlock, For, If, Macro, Node, Print, Text


def parse(text: str) -> tuple[Node, ...]:
    """Read a template.

    Raises:
        ExpressionSyntaxError: located in the text.
    """
    try:
        if len(text) > MAX_SOURCE:
            raise ExpressionSyntaxError(f"The expression has more than {MAX_SOURCE} characters", 0)  # noqa: TRY301 - located below
        return StatementParser(pieces(text)).template()
    except ExpressionSyntaxError as error:
        error.locate(text)
        raise


class StatementParser:
    """Reads pieces, one statement after the other."""

    __slots__ = ("depth", "index", "macros", "pieces")

    def __init__(self, found: list[Piece]) -> None:
        self.pieces = found
        self.index = 0
        self.depth = 0
        self.macros: set[str] = set()

    def template(self) -> tuple[Node, ...]:
        """All statements."""
        body, _ = self.body((), None)
        return body

    def body(self, ends: tuple[str, ...], opened: tuple[str, int] | None) -> tuple[tuple[Node, ...], ExpressionParser]:
        """The statements up to a tag of `ends` (without any, to the end), and that tag's tokens after its name."""
        self.depth += 1
        # half as deep as expressions, whose own depth comes on top within the innermost tag
        if self.depth > MAX_NESTING // 2 and opened:
            raise too_deep_source(opened[1])
        found: list[Node] = []
        while self.index < len(self.pieces):
            kind, value, at = self.pieces[self.index]
            self.index += 1
            if kind == "print":
                found.append(_print(value, at))
            elif kind == "tag":
                tag = ExpressionParser(value)
                name = tag.expect_name("the name of a tag")
                if name in ends:
                    self.depth -= 1
                    return tuple(found), tag
                found.append(self.tag(name, tag, at, ends))
            else:
                found.append(Text(at, value, kind == "raw"))
        if opened:
            raise ExpressionSyntaxError(f'Unexpected end of the template, expected the "{ends[-1]}" tag', opened[1])
        self.depth -= 1
        return tuple(found), ExpressionParser([])

    def tag(self, name: str, tag: ExpressionParser, at: int, ends: tuple[str, ...]) -> Node:
        """One tag, with all that belongs to it; `ends` could stand here, too."""
        reader = TAGS.get(name)
        if not reader:
            raise ExpressionSyntaxError(
                f'Unexpected tag name "{name}"{did_you_mean(name, [*TAGS, *VERBATIM, *ends])}', at
            )
        return reader(self, tag, at)

    def closed(self, end: str, opened: tuple[str, int]) -> tuple[Node, ...]:
        """The statements up to the closing tag, after which nothing may stand."""
        body, tag = self.body((end,), opened)
        tag.expect_end()
        return body


def _print(tokens: list[tuple[str, object, int]], at: int) -> Print:
    parser = ExpressionParser(tokens)
    expression = parser.expression()
    parser.expect_end()
    return Print(at, expression)


def _if(parser: StatementParser, tag: ExpressionParser, at: int) -> If:
    branches: list[tuple[Node, tuple[Node, ...]]] = []
    otherwise: tuple[Node, ...] | None = None
    while True:
        condition = tag.expression()
        tag.expect_end()
        body, tag = parser.body(("elseif", "else", "endif"), ("if", at))
        branches.append((condition, body))
        word = tag.tokens[0][1]
        if word == "elseif":
            continue
        tag.expect_end()
        if word == "else":
            otherwise = parser.closed("endif", ("if", at))
        return If(at, tuple(branches), otherwise)


def _for(parser: StatementParser, tag: ExpressionParser, at: int) -> For:
    name = tag.expect_name("the name of the loop's variable")
    if not tag.is_word("in"):
        raise tag.unexpected('"in"')
    tag.index += 1
    items = tag.expression()
    tag.expect_end()
    body, end = parser.body(("else", "endfor"), ("for", at))
    otherwise = None
    if end.tokens[0][1] == "else":
        end.expect_end()
        otherwise = parser.closed("endfor", ("for", at))
    else:
        end.expect_end()
    return For(at, name, items, body, otherwise)


def _set(_: StatementParser, tag: ExpressionParser, at: int) -> Assign:
    name = tag.expect_name("the name of a variable")
    tag.expect_mark("=")
    value = tag.expression()
    tag.expect_end()
    return Assign(at, name, value)


def _macro(parser: StatementParser, tag: ExpressionParser, at: int) -> Macro:
    name = tag.expect_name("the name of the macro")
    if name in parser.macros:
        raise ExpressionSyntaxError(f"More than one macro can not share the same name: {name}", at)
    parser.macros.add(name)
    parameters: list[tuple[str, Node | None]] = []
    tag.expect_mark("(")
    while not tag.skip_mark(")"):
        if parameters:
            tag.expect_mark(",")
        parameter = tag.expect_name("the name of an argument")
        parameters.append((parameter, tag.expression() if tag.skip_mark("=") else None))
    tag.expect_end()
    return Macro(at, name, tuple(parameters), parser.closed("endmacro", ("macro", at)))


def _filter(parser: StatementParser, tag: ExpressionParser, at: int) -> FilterBlock:
    filters: list[tuple[str, tuple[Argument, ...]]] = []
    while True:
        name = tag.expect_name("the name of a filter")
        filters.append((name, tag.optional_arguments()))
        if tag.tokens[tag.index][:2] != ("op", "|"):
            break
        if len(filters) >= MAX_NESTING:
            raise too_deep_source(at)
        tag.index += 1
    tag.expect_end()
    return FilterBlock(at, tuple(filters), parser.closed("endfilter", ("filter", at)))


def _block(parser: StatementParser, tag: ExpressionParser, at: int) -> Block:
    kind, value, _ = tag.tokens[tag.index]
    if kind == "string":
        tag.index += 1
    else:
        value = tag.expect_name("the name of the block")
    tag.expect_end()
    body, end = parser.body(("endblock",), ("block", at))
    if end.tokens[end.index][0] == "name":
        end.index += 1
    end.expect_end()
    return Block(at, str(value), body)


TAGS: dict[str, Callable[[StatementParser, ExpressionParser, int], Node]] = {
    "if": _if,
    "for": _for,
    "set": _set,
    "macro": _macro,
    "filter": _filter,
    "block": _block,
}
"""Every tag but those of `VERBATIM`, which the tokens deal with."""

VERBATIM = ("verbatim", "raw")
