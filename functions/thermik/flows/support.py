"""What a flow may say that this engine does not carry out yet: refused when the flow is saved, never ignored.

A line leaves this table in the change that teaches the engine to carry it out. Types that do not exist need no
line: they are unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from thermik.flows.problems import Place


@dataclass(frozen=True, slots=True)
class Gap:
    """A property that is read and not carried out.

    Attributes:
        path: its names from the flow, or from a task where `in_tasks`.
        sentence: what to tell the author.
        value: only this value of it is meant; None for any but null, false and empty ones.
    """

    path: tuple[str, ...]
    sentence: str
    value: str | None = None
    in_tasks: bool = False


GAPS: tuple[Gap, ...] = (
    Gap(("listeners",), "`listeners` are not supported: use `afterExecution`, or a flow with a Flow trigger"),
)


def unsupported(
    data: dict[str, Any], tasks: Iterable[tuple[Place, dict[str, Any]]], gaps: Iterable[Gap] = GAPS
) -> Iterator[tuple[Place, str]]:
    """Every use of a gap in a flow's data, as place and sentence.

    Args:
        tasks: the place and the mapping of every task, at any depth.
    """
    gaps = tuple(gaps)
    for gap in gaps:
        if not gap.in_tasks and _uses(data, gap):
            yield gap.path, gap.sentence
    for place, task in tasks:
        for gap in gaps:
            if gap.in_tasks and _uses(task, gap):
                yield (*place, *gap.path), gap.sentence


def _uses(mapping: Any, gap: Gap) -> bool:
    for name in gap.path:
        mapping = mapping.get(name) if isinstance(mapping, dict) else None
    return bool(mapping) if gap.value is None else mapping == gap.value
