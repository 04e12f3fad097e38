"""Service level agreements: what becomes of an execution that breaks one.

A duration is watched by the machine itself, which times out (`ended_machines.py`); an assertion by every
operation (`worker/assertions.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from thermik.executions.after_end import after_end
from thermik.executions.changes import merged_labels
from thermik.executions.closing import close_as_violated
from thermik.executions.ending import ended_from_outside, is_followed, let_follow
from thermik.executions.life import Life
from thermik.executions.logs import execution_log
from thermik.executions.model import Execution, Label
from thermik.executions.state import StateType
from thermik.flows.flow import AssertionSla, MaxDurationSla, Sla

_STATES = {"FAIL": StateType.FAILED, "CANCEL": StateType.CANCELLED}
"""How an execution ends that breaks an agreement with this behavior; NONE only labels."""


def durations(slas: Iterable[Sla]) -> list[MaxDurationSla]:
    """The agreements on the duration."""
    return [sla for sla in slas if isinstance(sla, MaxDurationSla)]


def assertions(slas: Iterable[Sla]) -> list[AssertionSla]:
    """The agreements on what must always hold."""
    return [sla for sla in slas if isinstance(sla, AssertionSla)]


def broken_durations(slas: Iterable[Sla], begun: datetime, now: datetime) -> list[MaxDurationSla]:
    """The agreements on the duration that an execution has broken."""
    return [sla for sla in durations(slas) if now >= begun + sla.duration]


def ends(sla: Sla) -> bool:
    """Whether breaking it ends the execution."""
    return sla.behavior in _STATES


def break_agreement(life: Life, execution: Execution, sla: Sla) -> Execution:
    """Carry out what breaking an agreement means: an end, if its behavior is one, and its labels. Repeatable."""
    labels = [Label(key=label.key, value=label.value) for label in sla.labels]
    final = _STATES.get(sla.behavior)
    plan = life.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision)

    def broken(current: Execution) -> Execution:
        if final is not None and not current.state.is_terminal:
            current = ended_from_outside(current, final, plan, life.clock.now())
        merged = merged_labels(current.labels, labels)
        return current if set(merged) == set(current.labels) else current.model_copy(update={"labels": merged})

    changed = life.executions.change_execution(execution.id, broken)
    if final is not None and changed.state.current == final:
        log = execution_log(life.executions.table, life.clock, changed)
        log.error(f"SLA '{sla.id}' is violated: the execution is {final.value}")
        log.flush()
        life.machines.stop(execution, "an SLA is violated")
        close_as_violated(life, execution.id, final)
        after_end(life, changed, machine_is_over=not is_followed(changed, plan))
        let_follow(life, changed, plan)
    return changed
