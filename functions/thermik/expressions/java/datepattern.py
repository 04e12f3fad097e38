"""Java's date patterns taken apart: letters with their counts, literal text, optional parts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from thermik.expressions.errors import ExpressionRuntimeError

MAX_PATTERN = 500  # characters
MAX_OPTIONAL = 10  # how deep optional parts may nest

# what DateTimeFormatterBuilder takes of each letter; more are an error there, too
_MOST_LETTERS = {
    **dict.fromkeys("dhHkKms", 2),
    **dict.fromkeys("W", 1),
    **dict.fromkeys("w", 2),
    "D": 3,
    **dict.fromkeys("GMLQqEceXxZ", 5),
    **dict.fromkeys("zv", 4),
    **dict.fromkeys("S", 9),
    **dict.fromkeys("yuYAnN", 19),
    "a": 1,
    "B": 5,
    "F": 1,
    "V": 2,
    "O": 4,
}
_RESERVED = frozenset("{}#")


@dataclass(frozen=True)
class Field:
    """A letter, so many times."""

    letter: str
    count: int


Part = "Field | str | tuple[Part, ...]"  # an optional part is a tuple


@lru_cache(maxsize=256)
def parse_date_pattern(pattern: str) -> tuple[object, ...]:
    """A pattern as fields, texts, and tuples of these for what is optional.

    Raises:
        ExpressionRuntimeError: no pattern of Java's, or a part that is not supported.
    """
    if len(pattern) > MAX_PATTERN:
        raise ExpressionRuntimeError(f"A date's pattern has more than {MAX_PATTERN} characters")
    stack: list[list[object]] = [[]]
    index = 0
    while index < len(pattern):
        mark = pattern[index]
        if mark.isascii() and mark.isalpha():
            end = index
            while end < len(pattern) and pattern[end] == mark:
                end += 1
            stack[-1].append(_field(mark, end - index))
            index = end
        elif mark == "'":
            text, index = _quoted(pattern, index)
            stack[-1].append(text)
        else:
            _bracket_or_text(mark, stack, pattern)
            index += 1
    while len(stack) > 1:  # Java closes what is left open
        closed = tuple(stack.pop())
        stack[-1].append(closed)
    return tuple(stack[0])


def _bracket_or_text(mark: str, stack: list[list[object]], pattern: str) -> None:
    if mark == "[":
        if len(stack) > MAX_OPTIONAL:
            raise ExpressionRuntimeError(f"Optional parts of a date's pattern nest more than {MAX_OPTIONAL} deep")
        stack.append([])
    elif mark == "]":
        if len(stack) == 1:
            raise ExpressionRuntimeError(f"Pattern invalid as it contains ] without previous [: {pattern}")
        closed = tuple(stack.pop())
        stack[-1].append(closed)
    elif mark in _RESERVED:
        raise ExpressionRuntimeError(f"Pattern includes reserved character: '{mark}'")
    else:
        stack[-1].append(mark)


def _field(letter: str, count: int) -> Field:
    most = _MOST_LETTERS.get(letter)
    if most is None:
        raise ExpressionRuntimeError(f"Unknown pattern letter: {letter}")
    if count > most or (letter == "V" and count != 2) or (letter in "vO" and count not in (1, 4)):
        raise ExpressionRuntimeError(f"Too many pattern letters: {letter}")
    return Field(letter, count)


def _quoted(pattern: str, start: int) -> tuple[str, int]:
    """The text in quotes from `start`, and where it ends; a doubled quote is one."""
    text, index = "", start + 1
    while index < len(pattern):
        if pattern[index] == "'":
            if pattern[index + 1 : index + 2] != "'":
                return text or "'", index + 1
            index += 1
        text += pattern[index]
        index += 1
    raise ExpressionRuntimeError(f"Pattern ends with an incomplete string literal: {pattern}")
