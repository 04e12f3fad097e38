"""Creating executions; what else people and events do with them is in the modules beside this one.

An execution is written before its machine is started; a process that dies between the two leaves a CREATED
execution without a machine, which is started by whoever finds it. Starting twice starts once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from thermik.executions.after_end import after_end
from thermik.executions.launch import launch, with_machine
from thermik.executions.life import Life
from thermik.executions.logs import execution_log
from thermik.executions.model import Execution, ExecutionProgress, Kind, Label, Metadata, Trigger, Waiting
from thermik.executions.plans import Plan
from thermik.executions.repository import Versioned
from thermik.executions.state import State, StateType
from thermik.identity import new_id
from thermik.tasks.runnable import Level

CORRELATION = "system.correlationId"
"""The label that an execution shares with all that it starts."""

SYSTEM = "system."


@dataclass(frozen=True, slots=True)
class NewExecution:
    """What an execution is created with.

    Attributes:
        id: given where the inputs' files are already stored under it, or where creation may be repeated.
        inputs: typed values, nested; None where the flow has none.
        waiting: who is told of its end.
        labels: those given beside the flow's own.
        correlated: whether it has the label that it shares with those which it starts (none by a Flow trigger).
        failure: why it ends as FAILED before anything of it runs; None for one that runs.
    """

    namespace: str
    flow_id: str
    revision: int
    id: str = field(default_factory=new_id)
    inputs: Mapping[str, Any] | None = None
    labels: Sequence[Label] = ()
    trigger: Trigger | None = None
    kind: Kind | None = None
    waiting: Waiting | None = None
    schedule_date: datetime | None = None
    failure: str | None = None
    correlated: bool = True


def create(life: Life, new: NewExecution) -> Execution:
    """Write a new execution and start its machine, unless it has failed already.

    Raises:
        FlowNotFound, FlowTooLarge: there is nothing to run; nothing was written.
        Conflict: an execution of this id exists.
        TableUnavailable, MachinesUnavailable.
    """
    plan = life.plans.plan(new.namespace, new.flow_id, new.revision)
    execution = with_machine(draft(life, new, plan), plan)  # a flow that does not compile leaves nothing behind
    if new.failure is not None:
        return _failed(life, execution, new.failure)
    life.executions.write(Versioned(execution))
    return launch(life, execution)


def _failed(life: Life, execution: Execution, failure: str) -> Execution:
    failed = execution.with_state(StateType.FAILED, life.clock.now())
    life.executions.write(Versioned(failed))
    log = execution_log(life.executions.table, life.clock, failed)
    log.log(Level.WARN, failure)
    log.flush()
    after_end(life, failed, machine_is_over=True)
    return failed


def draft(life: Life, new: NewExecution, plan: Plan) -> Execution:
    """The execution that `create` would write."""
    now = life.clock.now()
    return Execution(
        id=new.id,
        namespace=new.namespace,
        flow_id=new.flow_id,
        flow_revision=new.revision,
        inputs=dict(new.inputs) if new.inputs else None,
        labels=execution_labels(
            [Label(key=each.key, value=each.value) for each in plan.flow.labels],
            new.labels,
            new.id if new.correlated else None,
        ),
        state=State.created(now),
        original_id=new.id,
        trigger=new.trigger,
        metadata=Metadata(original_created_date=now),
        schedule_date=new.schedule_date,
        kind=new.kind,
        progress=ExecutionProgress(
            owner=life.machines.owner(),
            waiting=new.waiting,
            aftermath=plan.has_aftermath or new.waiting is not None,
        ),
    )


def execution_labels(of_flow: Sequence[Label], given: Sequence[Label], execution_id: str | None) -> tuple[Label, ...]:
    """An execution's labels: the flow's without the system's, those given over them, and the correlation id."""
    labels = {label.key: label for label in of_flow if not label.key.startswith(SYSTEM)}
    labels |= {label.key: label for label in given}
    if execution_id is not None:
        labels.setdefault(CORRELATION, Label(key=CORRELATION, value=execution_id))
    return tuple(labels.values())
