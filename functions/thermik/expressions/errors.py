"""What can go wrong with an expression, in one tree, split by who must act.

    ExpressionError
      ExpressionSyntaxError      the flow's author: the text cannot be read
      ExpressionRuntimeError     the flow's author or its data: the text was read, its evaluation failed
        UndefinedVariable        a variable, key or index that is not there (what `??` and `default` catch)
        LimitExceeded            a bound of `limits` was passed

An error is raised where it happens, often without knowing the text; whoever holds the text gives it with `locate`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

SHOWN_TEXT = 1000  # characters of an expression that a message repeats


class ExpressionError(Exception):
    """An expression that cannot be read or evaluated; `line` and `column` count from 1."""

    def __init__(self, problem: str, at: int | None = None, text: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.at = at
        self.text = text

    def locate(self, text: str, at: int | None = None) -> ExpressionError:
        """Tell where it happened, unless something nearer to the place has told already."""
        if self.text is None:
            self.text = text
            self.at = at if self.at is None else self.at
        return self

    def placed(self, at: int) -> Self:
        """Tell the place in the text, unless something nearer to it has told already."""
        if self.at is None:
            self.at = at
        return self

    @property
    def line(self) -> int:
        """The line of the place, 1 where it is not known."""
        return (self.text or "").count("\n", 0, self.at or 0) + 1

    @property
    def column(self) -> int:
        """The column of the place, 1 where it is not known."""
        before = (self.text or "")[: self.at or 0]
        return len(before) - (before.rfind("\n") + 1) + 1

    @property
    def message(self) -> str:
        """The problem in one sentence, with the expression, line and column where they are known."""
        return self.problem if self.text is None else f"{self.problem} {self._place}"

    @property
    def _place(self) -> str:
        text = self.text or ""
        shown = text if len(text) <= SHOWN_TEXT else text[:SHOWN_TEXT] + "…"
        return f"in the expression `{shown}` at line {self.line}, column {self.column}"

    def __str__(self) -> str:
        return self.message


class ExpressionSyntaxError(ExpressionError):
    """The text is no template."""


class ExpressionRuntimeError(ExpressionError):
    """The text is a template, but it has no value with these variables."""


def nearest_name(name: str, known: Iterable[object]) -> str | None:
    """The known name that looks most like another one, if any does."""
    import difflib

    names = [each for each in known if isinstance(each, str)]
    return next(iter(difflib.get_close_matches(name, names, n=1)), None)


def did_you_mean(name: str, known: Iterable[object]) -> str:
    """The end of a message that names the nearest known name; empty if none is near."""
    nearest = nearest_name(name, known)
    return f", did you mean `{nearest}`?" if nearest else ""


class UndefinedVariable(ExpressionRuntimeError):
    """A name, key or index that is not there.

    `known` are the names beside it; they are compared only when somebody reads the message, since `??` catches
    most of these errors and nobody sees them.
    """

    def __init__(self, name: str, known: Iterable[str] = (), at: int | None = None) -> None:
        super().__init__(f"Unable to find `{name}`", at)
        self.name = name
        self._known = known

    @property
    def nearest(self) -> str | None:
        """The known name that looks most like the missing one."""
        return nearest_name(self.name, self._known)

    @property
    def _hint(self) -> str:
        return did_you_mean(self.name, self._known)

    @property
    def explained(self) -> str:
        """The problem with the nearest known name, without its place."""
        return self.problem + self._hint

    @property
    def message(self) -> str:
        """Kestra's sentence, then the nearest known name."""
        if self.text is None:
            return self.explained
        return f"{self.problem} used {self._place}{self._hint}"


class LimitExceeded(ExpressionRuntimeError):
    """A bound was passed: the message names it."""
