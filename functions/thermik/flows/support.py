"""What a flow may say that this engine does not carry out: never ignored, but refused on saving, or warned of.

A line leaves these tables in the change that teaches the engine to carry it out. Types that do not exist need no
line: they are unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from thermik.flows.problems import Place

Placed = tuple[Place, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Gap:
    """A property that is read and not carried out.

    Attributes:
        path: its names from where it stands.
        sentence: what to tell the author.
        value: only this value of it is meant; None for any but null, false and empty ones.
        within: what it stands in.
    """

    path: tuple[str, ...]
    sentence: str
    value: str | None = None
    within: Literal["flow", "task", "trigger"] = "flow"


GAPS: tuple[Gap, ...] = (
    Gap(("listeners",), "`listeners` are not supported: use `afterExecution`, or a flow with a Flow trigger"),
)
"""Refused, as the flow would not do what its author means."""

NOT_HERE: dict[str, str] = {
    "assets": "`assets` are only available in Enterprise Edition",
    "includeStates": "`includeStates` is not supported: states are no files here, `core.state.Delete` forgets one",
    "quotas": "`quotas` are only available in Enterprise Edition",
}
"""Properties of Kestra's that no model has, with what to tell of them besides that they are not recognized."""

_WORKERS = "`workerGroup` has no effect: there are no worker groups here"
_VERSION = "`version` has no effect: a type has the one version that is installed"
_NO_LOG = "has no effect: triggers write no log, the server's own says why one starts nothing"

IDLE: tuple[Gap, ...] = (
    Gap(("workerGroup",), _WORKERS),
    Gap(("revision",), "`revision` has no effect: revisions are counted when the flow is saved"),
    Gap(("deleted",), "`deleted` has no effect: a flow that is saved is there"),
    Gap(("tenantId",), "`tenantId` has no effect: there is one tenant, `main`"),
    Gap(("workerGroup",), _WORKERS, within="task"),
    Gap(("version",), _VERSION, within="task"),
    Gap(("dependencyCacheEnabled",), "`dependencyCacheEnabled` has no effect: nothing is installed", within="task"),
    Gap(
        ("options", "connectionPoolIdleTimeout"),
        "`connectionPoolIdleTimeout` has no effect: a task's connections are not kept",
        within="task",
    ),
    Gap(("workerGroup",), _WORKERS, within="trigger"),
    Gap(("version",), _VERSION, within="trigger"),
    Gap(("logLevel",), f"`logLevel` {_NO_LOG}", within="trigger"),
    Gap(("logToFile",), f"`logToFile` {_NO_LOG}", within="trigger"),
    Gap(("failOnTriggerError",), f"`failOnTriggerError` {_NO_LOG}", within="trigger"),
)
"""Accepted with a warning, as the flow does the same without it."""


def unsupported(
    data: dict[str, Any], tasks: Iterable[Placed], triggers: Iterable[Placed] = (), gaps: Iterable[Gap] = GAPS
) -> Iterator[tuple[Place, str]]:
    """Every use of a gap in a flow's data, as place and sentence.

    Args:
        tasks: the place and the mapping of every task, at any depth. triggers: of every trigger.
    """
    where: dict[str, list[Placed]] = {"flow": [((), data)], "task": [*tasks], "trigger": [*triggers]}
    for gap in gaps:
        for place, mapping in where[gap.within]:
            if _uses(mapping, gap):
                yield (*place, *gap.path), gap.sentence


def _uses(mapping: Any, gap: Gap) -> bool:
    for name in gap.path:
        mapping = mapping.get(name) if isinstance(mapping, dict) else None
    return bool(mapping) if gap.value is None else mapping == gap.value
