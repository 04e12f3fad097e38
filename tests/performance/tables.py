"""How the benchmark prints: what was measured beside its floor and its goal."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    Attributes:
        ours: the median. low, high: the range of the rounds.
        floor: the reference in the same run; None where there is none to compare with.
        goal: what must be reached. aim: what we want. Both in the unit, None where none is set.
        more_is_better: for rates.
    """

    name: str
    unit: str
    ours: float
    low: float
    high: float
    floor: float | None = None
    goal: float | None = None
    aim: float | None = None
    more_is_better: bool = False

    def verdict(self) -> str:
        """Whether goal and aim are reached."""
        for name, target in (("aim", self.aim), ("goal", self.goal)):
            if target is not None and (self.ours >= target if self.more_is_better else self.ours <= target):
                return name
        return "MISSED" if self.goal is not None else ""


def row(name: str, unit: str, ours: Iterable[float], floor: Iterable[float] = (), **targets: float | bool) -> Row:
    """A figure from its rounds and those of its floor."""
    values, floors = [*ours], [*floor]
    reference = statistics.median(floors) if floors else None
    return Row(name, unit, statistics.median(values), min(values), max(values), reference, **targets)  # type: ignore[arg-type]


def in_turns(rounds: int, ours: Callable[[], float], floor: Callable[[], float]) -> tuple[list[float], list[float]]:
    """Both measured so often, in turns, so that what slows the machine slows both; a first round warms up."""
    ours(), floor()
    pairs = [(ours(), floor()) for _ in range(rounds)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def print_rows(rows: Iterable[Row]) -> None:
    """The table."""
    print(f"{'':44}{'ours':>10}{'range':>20}{'floor':>10}{'goal':>8}{'aim':>8}")
    for each in rows:
        spread = f"{_figure(each.low)} to {_figure(each.high)}"
        targets = ((each.floor, 10), (each.goal, 8), (each.aim, 8))
        figures = "".join(f"{_figure(value):>{width}}" for value, width in targets)
        print(f"{f'{each.name}, {each.unit}':44}{_figure(each.ours):>10}{spread:>20}{figures}  {each.verdict()}")


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
