"""From text to pieces (text, prints, tags), and from the inside of a print or tag to tokens.

A token is a plain tuple `(kind, value, at)`; kinds are `name`, `number`, `string`, `quoted`, `op`, `punct` and `end`.
White-space control, comments, `verbatim` and `raw` are dealt with here, so that the parser never sees them.
"""

from __future__ import annotations

import re
from typing import Any

from thermik.expressions.errors import ExpressionSyntaxError
from thermik.expressions.limits import MAX_DIGITS, MAX_NESTING, too_deep_source
from thermik.expressions.values import LONG_MAX, Long

Token = tuple[str, Any, int]
Piece = tuple[str, Any, int]
"""`("text" or "raw", the text, at)`, `("print" or "tag", its tokens, at)`."""

_OPEN = re.compile(r"\{[{%#]")
# Kestra cuts `raw` out with a regular expression of its own before Pebble reads: within one line only (no DOTALL), any
# number of dashes, none of which trims. So it also works within a text in quotes.
_OPEN_OR_RAW = re.compile(
    r"\{%-*\s*raw\s*-*%\}(.*?)\{%-*\s*endraw\s*-*%\}|\{(?!\{%-*\s*raw\s*-*%\}.*?\{%-*\s*endraw\s*-*%\})[{%#]"
)
_VERBATIM = re.compile(r"\{%-?\s*verbatim\s*-?%\}(.*?)\{%(-?)\s*endverbatim\s*(-?)%\}", re.DOTALL)
_CLOSE = {"print": re.compile(r"\s*(-?)\}\}"), "tag": re.compile(r"\s*(-?)%\}"), "inner": re.compile(r"\s*()\}")}
_DELIMITER = {"print": "}}", "tag": "%}", "inner": "}"}
_COMMENT_END = re.compile(r"(-?)#\}")
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<name>[^\W\d]\w*)                                   # no dash: `a-b` subtracts
    |(?P<punct>[()\[\]{},:]|\.(?!\.)|=(?!=)|\?(?!\?))      # what begins `..`, `==` and `??` is none
    |(?P<number>[0-9]+(?:\.[0-9]+|L)?)
    |(?P<string>'[^'\\]*(?:\\.[^'\\]*)*')
    |(?P<quoted>")
    |(?P<op>\?\?\??|\.\.|==|!=|<=|>=|[-+*/%~|<>])
    )""",
    re.VERBOSE | re.DOTALL,
)
_PLAIN_QUOTED = re.compile(r'"([^"\\#]*(?:(?:\\.|\#(?!\{))[^"\\#]*)*)"', re.DOTALL)
_FRAGMENT = re.compile(r'[^"\\#]*(?:(?:\\.|\#(?!\{))[^"\\#]*)*', re.DOTALL)
_BRACKETS = {"(": ")", "[": "]", "{": "}"}


def pieces(text: str) -> list[Piece]:
    """Cut a template into its pieces.

    Raises:
        ExpressionSyntaxError: something is not closed, or a character fits nothing.
    """
    opening = _OPEN_OR_RAW if "endraw" in text else _OPEN
    found: list[Piece] = []
    position, trim = 0, False
    while match := opening.search(text, position):
        start = match.start()
        trim = _add_text(found, text, position, start, trim, _trims_left(text, match))
        if match.lastindex:
            found.append(("raw", match[1], start))
            position, trim = match.end(), False
        else:
            position, trim = _tagged(found, text, start, match.end())
    _add_text(found, text, position, len(text), trim, trim_right=False)
    return found


def _trims_left(text: str, match: re.Match[str]) -> bool:
    """Whether the tag begins with a dash and white space, and so takes the white space before it."""
    end = match.end()
    return not match.lastindex and text.startswith("-", end) and text[end + 1 : end + 2].isspace()


def _add_text(found: list[Piece], text: str, start: int, end: int, trim_left: bool, trim_right: bool) -> bool:
    if start < end:
        part = text[start:end]
        if trim_left:
            part = part.lstrip()
        if trim_right:
            part = part.rstrip()
        if part:
            found.append(("text", part, start))
    return False


def _tagged(found: list[Piece], text: str, start: int, inside: int) -> tuple[int, bool]:
    """Read the print, tag or comment that opens at `start`: where it ends, and whether it takes the space after it."""
    mark = text[start + 1]
    if mark == "#":
        end = _COMMENT_END.search(text, inside)
        if not end:
            raise ExpressionSyntaxError("Comment is not closed", start)
        return end.end(), bool(end[1])
    if mark == "%" and (verbatim := _VERBATIM.match(text, start)):
        body = verbatim[1].lstrip()  # Pebble's regular expression takes the white space before it, dash or not
        body = body.rstrip() if verbatim[2] else body
        if body:
            found.append(("text", body, verbatim.start(1)))
        return verbatim.end(), bool(verbatim[3])
    if text.startswith("-", inside) and text[inside + 1 : inside + 2].isspace():
        inside += 1
    kind = "print" if mark == "{" else "tag"
    tokens, end_at, trim = tokens_until(text, inside, kind, 0)
    found.append((kind, tokens, start))
    return end_at, trim


def tokens_until(text: str, position: int, kind: str, depth: int) -> tuple[list[Token], int, bool]:
    """The tokens up to the closing delimiter of a print, a tag or an interpolation (`inner`).

    Returns the tokens, the last of which is `("end", delimiter, at)`, the offset after the delimiter, and whether a
    dash before it takes the white space behind it.
    """
    tokens: list[Token] = []
    brackets: list[str] = []
    close, token = _CLOSE[kind].match, _TOKEN.match
    while True:
        # within brackets `}` and `}}` end a map, not the print: `{{ {'a': {'b': 1}} }}`
        if not brackets and (end := close(text, position)):
            tokens.append(("end", _DELIMITER[kind], end.start(1)))
            return tokens, end.end(), bool(end[1])
        match = token(text, position)
        if not match:
            raise _unexpected(text, position, _DELIMITER[kind])
        group = match.lastgroup or ""
        value: Any = match[group]
        at, position = match.start(group), match.end()
        if group == "punct":
            _track_brackets(brackets, value, at)
        elif group == "number":
            value = _number(value, at)
        elif group == "string":
            value = value[1:-1].replace("\\'", "'")  # no other escape: `\n` is a backslash and an n to Pebble
        elif group == "quoted":
            group, value, position = _quoted(text, at, depth)
        tokens.append((group, value, at))


def without_raw_tags(text: str) -> str:
    """A text without the tags of its `raw` blocks."""
    return _OPEN_OR_RAW.sub(lambda found: found[1] if found.lastindex else found[0], text)


def _track_brackets(brackets: list[str], mark: str, at: int) -> None:
    if mark in _BRACKETS:
        brackets.append(_BRACKETS[mark])
        if len(brackets) > MAX_NESTING:
            raise too_deep_source(at)
    elif mark in ")]}" and (not brackets or brackets.pop() != mark):
        raise ExpressionSyntaxError(f'Unexpected "{mark}"', at)


def _number(text: str, at: int) -> Any:
    if len(text) > MAX_DIGITS:
        raise ExpressionSyntaxError(f"A number has more than {MAX_DIGITS} digits", at)
    if "." in text:
        return float(text)
    number = int(text.rstrip("L"))
    if number > LONG_MAX:
        raise ExpressionSyntaxError(f"The integer {text} does not fit 64 bits", at)
    return Long(number)


def _quoted(text: str, at: int, depth: int) -> tuple[str, Any, int]:
    """A text in double quotes: one string, or the parts of an interpolation (texts and lists of tokens)."""
    if plain := _PLAIN_QUOTED.match(text, at):
        return "string", plain[1].replace('\\"', '"'), plain.end()
    if depth >= MAX_NESTING:
        raise too_deep_source(at)
    parts: list[Any] = []
    position = at + 1
    while True:
        fragment = _FRAGMENT.match(text, position)
        position = fragment.end() if fragment else position
        if fragment and fragment[0]:
            parts.append(fragment[0].replace('\\"', '"'))
        if text.startswith('"', position):
            return "quoted", parts, position + 1
        if not text.startswith("#{", position):
            raise ExpressionSyntaxError("Text in double quotes is not closed", at)
        inner, position, _ = tokens_until(text, position + 2, "inner", depth + 1)
        parts.append(inner)


def _unexpected(text: str, position: int, delimiter: str) -> ExpressionSyntaxError:
    rest = text[position:].lstrip()
    at = len(text) - len(rest)
    if not rest:
        return ExpressionSyntaxError(f'Unexpected end of the text, expected "{delimiter}"', at)
    if rest[0] == "'":
        return ExpressionSyntaxError("Text in quotes is not closed", at)
    return ExpressionSyntaxError(f"Unexpected character [{rest[0]}]", at)
