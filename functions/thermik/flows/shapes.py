"""The few shapes in which a flowable orders its children.

A flowable's model says which shape it has; the compiler knows how each shape becomes states of a state
machine, and the worker what opening and closing mean. A new flowable of a known shape touches neither.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InSequence:
    """One list of children, one after the other."""

    branch: str = "tasks"


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of several lists, decided when the flowable opens; its children one after the other.

    The decision is a branch's name, or an empty text for none.
    """

    branches: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Together:
    """The children side by side, at most `limit` at a time (0: all)."""

    branch: str = "tasks"
    limit: int = 0


@dataclass(frozen=True, slots=True)
class ForEachValue:
    """The children once for each value that opening gives: a loop.

    Attributes:
        limit: turns at a time (0: all; 1: one after the other).
        together: the children of one turn run side by side, too.
    """

    branch: str = "tasks"
    limit: int = 1
    together: bool = False


Shape = InSequence | OneOf | Together | ForEachValue
