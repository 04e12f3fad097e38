"""From a written execution to a running machine, past the flow's concurrency limit.

Called when an execution is created, and again by whoever finds one that a crash left behind: every step can be
repeated.
"""

from __future__ import annotations

from thermik.clock import instant_text
from thermik.executions.life import Life
from thermik.executions.logs import execution_log
from thermik.executions.model import Execution
from thermik.executions.plans import Plan
from thermik.executions.slots import Slots
from thermik.executions.state import StateType
from thermik.flows.flow import ConcurrencyBehavior
from thermik.machines.client import MachineGone

_S = StateType


def launch(life: Life, execution: Execution) -> Execution:
    """Start an execution that was created, or let it wait, or end it, as the flow's concurrency says.

    Raises:
        FlowNotFound, InvalidFlow, FlowTooLarge, MachinesUnavailable, TableUnavailable: it stays CREATED; call again.
    """
    plan = life.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision)
    concurrency = plan.flow.concurrency
    if concurrency is None:
        return start_machine(life, execution, plan)
    slots = Slots(life.executions.table, execution.namespace, execution.flow_id)
    if slots.take(execution.id, concurrency.limit):
        started = start_queued(life, execution.id)
        if started.state.is_terminal:
            pass_on(life, slots, concurrency.limit)
        return started
    match concurrency.behavior:
        case ConcurrencyBehavior.CANCEL:
            return _end(life, execution, _S.CANCELLED)
        case ConcurrencyBehavior.FAIL:
            log = execution_log(life.executions.table, life.clock, execution)
            log.error("Flow is FAILED due to concurrency limit exceeded")
            log.flush()
            return _end(life, execution, _S.FAILED)
        case ConcurrencyBehavior.QUEUE:
            return _queue(life, execution, slots, concurrency.limit)


def start_machine(life: Life, execution: Execution, plan: Plan) -> Execution:
    """Start the machine that an execution was given for its present generation.

    That machine, even if the flow compiles to another one by now: a second beside it would do everything twice. Only
    if there is none, so that nothing can run on it, does the execution get another.
    """
    definition = plan.definition_for(execution)
    try:
        life.machines.start(execution, definition, execution.schedule_date)
    except MachineGone:
        execution = life.executions.change_execution(execution.id, lambda current: with_machine(current, plan))
        life.machines.start(execution, definition, execution.schedule_date)
    return execution


def with_machine(execution: Execution, plan: Plan) -> Execution:
    """The execution with the machine for its present generation; written before that is started.

    Raises: FlowTooLarge.
    """
    progress = execution.progress.model_copy(update={"machine": plan.definition_for(execution).digest})
    return execution.model_copy(update={"progress": progress})


def _queue(life: Life, execution: Execution, slots: Slots, limit: int) -> Execution:
    # The place first: without it, QUEUED would be for ever. Whoever gives this one a slot in between starts its
    # machine, which begins from CREATED as from QUEUED.
    slots.queue(execution.id, instant_text(execution.state.start_date))
    queued = life.executions.change_execution(execution.id, lambda current: _to(life, current, _S.QUEUED))
    if queued.state.is_terminal:  # killed meanwhile; its end may have left the queue before it had a place there
        slots.leave(execution.id, instant_text(execution.state.start_date))
    pass_on(life, slots, limit)  # a slot may have become free between the look and the queue
    return queued


def pass_on(life: Life, slots: Slots, limit: int) -> None:
    """Start whoever waited longest, as long as slots are free."""
    while (execution_id := slots.pass_on(limit)) is not None:
        start_queued(life, execution_id)


def start_queued(life: Life, execution_id: str) -> Execution:
    """Start an execution that was given a slot, in the process that has it."""
    execution = life.executions.change_execution(execution_id, lambda current: owned(life, current))
    if execution.state.is_terminal:  # killed while it waited: whoever calls passes the slot on
        Slots(life.executions.table, execution.namespace, execution.flow_id).release(execution_id)
        return execution
    plan = life.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision)
    return start_machine(life, execution, plan)


def keep_slot(life: Life, execution: Execution, plan: Plan) -> None:
    """Hold a slot whatever the limit says; it goes on at once if the execution was ended just before."""
    if plan.flow.concurrency is None:
        return
    slots = Slots(life.executions.table, execution.namespace, execution.flow_id)
    slots.hold(execution.id)
    # Its end may have come before the slot: then nobody else would give that up.
    if life.executions.execution(execution.id).value.state.is_terminal:
        slots.release(execution.id)
        pass_on(life, slots, plan.flow.concurrency.limit)


def owned(life: Life, execution: Execution) -> Execution:
    """An execution that is about to go on: left to the process that has it if that lives, else this one's."""
    owner = life.machines.owner(execution)
    if execution.state.is_terminal or owner == execution.progress.owner:
        return execution
    return execution.model_copy(update={"progress": execution.progress.model_copy(update={"owner": owner})})


def _end(life: Life, execution: Execution, state: StateType) -> Execution:
    from thermik.executions.after_end import after_end  # which passes slots on, with this module

    ended = life.executions.change_execution(execution.id, lambda current: _to(life, current, state))
    after_end(life, ended, machine_is_over=True)
    return ended


def _to(life: Life, execution: Execution, state: StateType) -> Execution:
    if execution.state.current != _S.CREATED:
        return execution
    return execution.with_state(state, life.clock.now())
