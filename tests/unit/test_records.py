"""Records behave as frozen dataclasses do, but for the guard against assignment, which is the type checker's."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from thermik.records import record


@record
class One:
    """A record."""

    name: str


@record
class Several:
    """A record with a secret and something that does not count."""

    name: str
    secret: str = field(default="hunter2", repr=False)
    seen: int = field(default=0, compare=False)

    @property
    def shout(self) -> str:
        return self.name.upper()


@record
class Below(Several):
    """A record with a text of its own."""

    more: tuple[int, ...] = ()

    def __repr__(self) -> str:
        return "below"


@dataclass(frozen=True, slots=True)
class Python:
    """What Python makes of the same."""

    name: str
    secret: str = field(default="hunter2", repr=False)
    seen: int = field(default=0, compare=False)


def test_records_are_compared_and_hashed_by_what_counts() -> None:
    assert One("a") == One("a")
    assert One("a") != One("b")
    assert One("a") != "a"
    assert Several("a", seen=1) == Several("a", seen=2)
    assert Several("a", "b") != Several("a", "c")
    assert Several("a") != Below("a")
    assert len({One("a"), One("a"), Several("a", seen=1), Several("a"), Below("a"), Below("a", more=(1,))}) == 4


def test_records_are_shown_as_dataclasses_are() -> None:
    assert repr(Several("a", seen=3)) == repr(Python("a", seen=3)).replace("Python", "Several")
    assert repr(One("a")) == "One(name='a')"
    assert repr(Below("a")) == "below"


def test_records_have_slots_defaults_and_can_be_matched_and_replaced() -> None:
    changed = replace(Below("a", more=(1,)), name="b")
    assert (changed.name, changed.more, changed.shout) == ("b", (1,), "B")
    match One("a"):
        case One(name):
            assert name == "a"
    with pytest.raises(AttributeError):
        One("a").other = 1  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        One()  # type: ignore[call-arg]
