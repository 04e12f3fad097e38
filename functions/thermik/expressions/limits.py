"""The bounds of an expression, and the budget that one rendering spends.

Expressions come from users and read users' data. Whatever they say, a rendering ends, within a time and a size that a
worker can bear. Each bound is a constant here; passing one raises `LimitExceeded`, which names it.
"""

from __future__ import annotations

import time
from typing import Any

from thermik.expressions.errors import ExpressionSyntaxError, LimitExceeded

# Sizes are such that one rendering fits a worker of 1 GiB (the template's default) beside its task; times, such that it
# is a small part of a Lambda's 15 minutes. Depths keep Python's stack: a level takes several of its 1,000 frames.
MAX_SOURCE = 1_000_000  # characters of an expression's text
MAX_NESTING = 100  # how deep an expression's tree may be (brackets, operators, filters, tags)
MAX_STEPS = 1_000_000  # loop rounds, calls and list items made, over one rendering with all that it renders inside
MAX_TEXT = 10_000_000  # characters of any text made, and of all text printed
MAX_LIST = 1_000_000  # items of any list made
MAX_MADE = 400_000_000  # bytes of all texts, lists and maps that one rendering makes, whether it keeps them or not
ITEM_BYTES = 64  # what an item of a list or a map is counted as, made by a filter or a function
PARSED_BYTES = 24  # what a character of a JSON, YAML or Ion text is counted as when it is read
SHARED_ITEM_BYTES = 8  # what it is counted as where only the list is new
MAX_DATA_DEPTH = 200  # how deep lists and maps may nest when they are printed, read or walked
MAX_CALLS = 20  # macros, blocks and renderings inside each other
MAX_ROUNDS = 100  # renderings of a text until it no longer changes (Kestra's number)
MAX_SECONDS = 10.0  # time of one rendering
MAX_REGEX_SECONDS = 1.0  # time of one regular expression over one text
MAX_DIGITS = 1_000  # digits of a number, and decimals of a pattern; Python takes quadratic time, and refuses 4,300
MAX_VALUES = 1_000_000  # values that one operation looks at within lists and maps
MAX_PARSED = 2_000_000  # characters of a YAML or Ion text that is read: their readers are slow, and not to be stopped

_monotonic = time.monotonic


class Budget:
    """What one rendering may still spend; shared by everything that it renders inside."""

    __slots__ = ("_deadline", "calls", "made", "steps", "text")

    def __init__(self) -> None:
        self.steps = MAX_STEPS
        self.text = MAX_TEXT
        self.made = MAX_MADE
        self.calls = 0
        self._deadline = 0.0

    def spend(self, steps: int) -> None:
        """Count steps, and look at the clock. The time runs from the first step."""
        self.steps -= steps
        if self.steps < 0:
            raise LimitExceeded(f"The expression takes more than {MAX_STEPS} steps")
        now = _monotonic()
        if not self._deadline:
            self._deadline = now + MAX_SECONDS
        elif now > self._deadline:
            raise LimitExceeded(f"The expression takes more than {MAX_SECONDS:g} seconds")

    def remaining_seconds(self) -> float:
        """Seconds until the rendering is stopped, at most what one regular expression may take."""
        self.spend(1)
        left = self._deadline - _monotonic()
        if left <= 0:
            raise LimitExceeded(f"The expression takes more than {MAX_SECONDS:g} seconds")
        return min(left, MAX_REGEX_SECONDS)

    def take(self, value: Any, item_bytes: int = ITEM_BYTES) -> Any:
        """The value itself, counted by its size: variables may keep everything that is made until the end."""
        if type(value) is str:
            size = len(value)
            if size > MAX_TEXT:
                raise too_long()
            self.charge(size if value.isascii() else 4 * size)
        elif isinstance(value, (list, dict, tuple)):
            if len(value) > MAX_LIST:
                raise too_many_items()
            self.charge(item_bytes * len(value))
        return value

    def charge(self, size: int) -> None:
        """Count bytes of what is made. Raises: LimitExceeded."""
        self.made -= size
        if self.made < 0:
            raise LimitExceeded(f"The expression makes texts and lists of more than {MAX_MADE} bytes")

    def enter(self) -> None:
        """Begin a macro, a block or a rendering inside this one; `leave` ends it."""
        self.calls += 1
        self.spend(1)
        if self.calls > MAX_CALLS:
            raise LimitExceeded(f"Macros, blocks and renderings are more than {MAX_CALLS} deep")

    def leave(self) -> None:
        """End what `enter` began."""
        self.calls -= 1


class Meter:
    """Counts the values that one operation looks at: lists that share items are endless without being large."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_VALUES

    def count(self) -> None:
        """One value more."""
        self.left -= 1
        if self.left < 0:
            raise LimitExceeded(f"The expression looks at more than {MAX_VALUES} values within lists and maps")


def checked_text(text: str) -> str:
    """The text itself, if it is short enough."""
    if len(text) > MAX_TEXT:
        raise too_long()
    return text


def too_long() -> LimitExceeded:
    """The error of a text that grew too long."""
    return LimitExceeded(f"The expression produces a text of more than {MAX_TEXT} characters")


def check_parsed(text: str, language: str) -> None:
    """Refuse a text that would keep a slow reader busy for too long."""
    if len(text) > MAX_PARSED:
        raise LimitExceeded(f"The {language} text has more than {MAX_PARSED} characters")


def too_many_items() -> LimitExceeded:
    """The error of a list that grew too long."""
    return LimitExceeded(f"The expression produces a list of more than {MAX_LIST} items")


def too_deep_data() -> LimitExceeded:
    """The error of lists and maps that nest too deeply."""
    return LimitExceeded(f"Lists and maps are nested more than {MAX_DATA_DEPTH} deep")


def too_deep_source(at: int) -> ExpressionSyntaxError:
    """The error of a template that nests too deeply."""
    return ExpressionSyntaxError(f"The expression is nested more than {MAX_NESTING} deep", at)
