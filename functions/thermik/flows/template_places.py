"""Where in a flow's source a place within a text stands.

YAML reads a text differently from how it is written: a block loses its indentation, a folded one its line ends, quotes
have escapes. Rather than follow all of that, the word at the place is looked for in the source: the third `x` of the
text is the third `x` of what the source has between the value's start and the next value.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from thermik.flows.problems import Place, Position
from thermik.flows.source import Document

_WORD = re.compile(r"\w+|\S")
_BLOCK_HEADER = re.compile(r"\s*:?\s*[|>][^\n]*")
_LAST_WORD = re.compile(r"(\w+|\S)\s*\Z")


class TemplatePlaces:
    """The places of one source's texts."""

    def __init__(self, source: str, document: Document) -> None:
        self._lines = source.splitlines()
        self._document = document
        self._starts = sorted({(each.line, each.column) for each in document.positions.values()})

    def locate(self, place: Place, text: str, line: int, column: int) -> Position:
        """The position of a line and column of a text; the value's own where the source has its word elsewhere."""
        start = self._document.position(place)
        offset = sum(len(each) + 1 for each in text.split("\n")[: line - 1]) + column - 1
        found = _WORD.match(text, offset) or _LAST_WORD.search(text[:offset])
        if found is None:
            return start
        word, beyond = found[0].rstrip(), 0 if found.start() == offset else len(found[0].rstrip())
        written = self._written(start, place[-1])
        header = _BLOCK_HEADER.match(written)
        at = _nth(written, word, text.count(word, 0, found.start()), header.end() if header else 0)
        return start if at is None else self._position(start, place[-1], written, at + beyond)

    def _written(self, start: Position, step: str | int) -> str:
        """What the source has behind the key, up to the next value."""
        after = bisect_right(self._starts, (start.line, start.column))
        lines = self._lines[start.line - 1 :]
        if after < len(self._starts):
            line, column = self._starts[after]
            lines = [*self._lines[start.line - 1 : line - 1], self._lines[line - 1][: column - 1]]
        return "\n".join(lines)[start.column - 1 + _key_length(step) :]

    def _position(self, start: Position, step: str | int, written: str, at: int) -> Position:
        before = written[:at]
        if "\n" not in before:
            return Position(start.line, start.column + _key_length(step) + at)
        return Position(start.line + before.count("\n"), at - before.rfind("\n"))


def _key_length(step: str | int) -> int:
    return len(step) if isinstance(step, str) else 0


def _nth(text: str, word: str, number: int, begin: int) -> int | None:
    """Where the word stands from an index on, `number` others being before it; None if there are not so many."""
    at = text.find(word, begin)  # behind a block's `|` or `>`, which could be the word itself
    for _ in range(number):
        at = text.find(word, at + len(word)) if at >= 0 else at
    return at if at >= 0 else None
