"""What is wrong with a flow's source, and where: the same for the API, the command line and the editor.

A place in a flow is a tuple of keys and list indexes, `("tasks", 0, "message")`; people read `tasks[0].message`.
"""

from __future__ import annotations

from collections.abc import Iterable

from thermik.records import record

Place = tuple[str | int, ...]
"""Keys and indexes from the root of a flow's source to one of its values."""


@record
class Position:
    """Where something stands in the source; both count from 1."""

    line: int
    column: int


@record
class Problem:
    """One thing that its author must change (or, as a warning, should know).

    Attributes:
        path: the place as people read it; empty for the flow as a whole.
        message: Kestra's words.
        position: in the source; None where there is no source.
    """

    path: str
    message: str
    position: Position | None = None

    @property
    def text(self) -> str:
        """`path: message`, as Kestra's answers have it."""
        return f"{self.path}: {self.message}" if self.path else self.message

    @property
    def placed_text(self) -> str:
        """The text with line and column, where they are known: for answers that hold nothing but texts."""
        place = self.position
        return f"{self.text} (line {place.line}, column {place.column})" if place else self.text


class InvalidFlow(Exception):
    """A flow that cannot be accepted, with every problem that was found in it, and what its author should know."""

    def __init__(self, problems: Iterable[Problem], warnings: Iterable[Problem] = ()) -> None:
        self.problems = tuple(problems)
        self.warnings = tuple(warnings)
        super().__init__(f"Invalid entity: {self.constraints}")

    @property
    def constraints(self) -> str:
        """All problems, one a line, without the prefix: what `POST /flows/validate` answers."""
        return "\n".join(problem.text for problem in self.problems)


def place_text(place: Place) -> str:
    """A place as people read it: `tasks[0].message`."""
    parts = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in place]
    return "".join(parts).removeprefix(".")
