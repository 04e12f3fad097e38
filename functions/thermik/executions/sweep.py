"""Executions that a crash left behind go on: those without a machine get one, those whose machine is over are ended.

On AWS machines run by themselves, so nothing tells that one is missing: a function that died between writing an
execution and starting its machine, an event of its end that was lost. Repeated at intervals (the `events` function),
it is what makes sure that no execution stays open without a machine. On a laptop a server sweeps its own executions;
those of processes that died it takes over (`local/takeover.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from thermik.executions.ended_machines import settle_ended_machine
from thermik.executions.left_behind import go_on, open_executions
from thermik.executions.life import Life
from thermik.executions.model import Execution
from thermik.executions.state import StateType
from thermik.machines.client import machine_name

GRACE = timedelta(minutes=1)
"""An execution whose state changed so lately is left to whoever is changing it."""

_WITHOUT_MACHINE = frozenset({StateType.KILLING, StateType.QUEUED})
"""States in which an execution has no machine to ask for."""

_operator = logging.getLogger(__name__)


def sweep(
    life: Life, has_ended: Callable[[Execution], bool], concerns: Callable[[Execution], bool] = lambda _: True
) -> int:
    """Bring every open execution to where it was going; how many could not be.

    One that fails is logged and does not hold up the others; the next sweep tries it again.

    Args:
        has_ended: whether the machine of an execution, in its present generation, is over.
        concerns: which executions are looked at; all, if not given.

    Raises:
        TableUnavailable: executions cannot be listed.
    """
    failed = 0
    latest = life.clock.now() - GRACE
    for execution in open_executions(life):
        if execution.state.histories[-1].date > latest or not concerns(execution):
            continue
        try:
            _bring_on(life, execution, has_ended)
        except Exception:  # noqa: BLE001 - whatever it is, the others go on
            failed += 1
            _operator.exception("the sweep cannot bring execution %s on its way", execution.id)
    return failed


def _bring_on(life: Life, execution: Execution, has_ended: Callable[[Execution], bool]) -> None:
    """Settle an execution whose machine is over; any other goes on."""
    if execution.state.current not in _WITHOUT_MACHINE and has_ended(execution):
        settle_ended_machine(life, machine_name(execution), "found by the sweep")
    else:
        go_on(life, execution)
