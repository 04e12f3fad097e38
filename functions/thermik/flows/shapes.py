"""The few shapes in which a flowable orders its children.

A flowable's model says which shape it has; the compiler knows how each shape becomes states of a state
machine, and the worker what opening and closing mean. A new flowable of a known shape touches neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from thermik.records import record


@record
class InSequence:
    """One list of children, one after the other."""

    branch: str = "tasks"
    side_by_side: ClassVar[bool] = False


@record
class OneOf:
    """One of several lists, decided when the flowable opens; its children one after the other.

    The decision is a branch's name, or an empty text for none.
    """

    branches: tuple[str, ...]
    side_by_side: ClassVar[bool] = False


@record
class Together:
    """The children side by side, at most `limit` at a time (0: all)."""

    branch: str = "tasks"
    limit: int = 0
    side_by_side: ClassVar[bool] = True


@record
class ForEachValue:
    """The children once for each value that opening gives: a loop.

    Attributes:
        limit: turns at a time (0: all; 1: one after the other); `together`, so many children of whatever turns.
        together: the children of one turn run side by side, too.
    """

    branch: str = "tasks"
    limit: int = 1
    together: bool = False

    @property
    def side_by_side(self) -> bool:
        """Whether the children of one turn do not wait for each other."""
        return self.together

    @property
    def paired(self) -> bool:
        """Whether each child of each turn takes a place of its own, rather than each turn."""
        return self.together and self.limit > 0


@record
class AfterWaiting:
    """One list of children, possibly empty, that begins when somebody resumes the execution, or time has passed.

    Attributes:
        meanwhile: what runs first, while it waits already; if that fails, the others do not begin.
    """

    branch: str = "tasks"
    meanwhile: str = "onPause"
    side_by_side: ClassVar[bool] = False


@record
class Again:
    """One list of children, again and again until a condition holds: a loop without values, a turn an iteration."""

    branch: str = "tasks"
    side_by_side: ClassVar[bool] = False


@record
class Dependent:
    """The children side by side, each as soon as those that it depends on have ended.

    Attributes:
        needs: by a child's id, the ids of the children that it waits for.
        limit: at most so many at a time (0: all that are ready).
    """

    needs: Mapping[str, tuple[str, ...]]
    branch: str = "tasks"
    limit: int = 0
    side_by_side: ClassVar[bool] = True


@record
class InOneInvocation:
    """One list of children, one after the other, all within one invocation of the worker and one directory."""

    branch: str = "tasks"
    side_by_side: ClassVar[bool] = False


Shape = InSequence | OneOf | Together | ForEachValue | AfterWaiting | Again | Dependent | InOneInvocation
