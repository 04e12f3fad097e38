"""What the end of an execution sets going, however it ended. All of it can be repeated, and the sweep repeats it.

A slot of the flow's concurrency goes on to the next; a parent that waits is answered.
"""

from __future__ import annotations

from contextlib import suppress

from thermik.clock import instant_text
from thermik.executions.closing import close_open_task_runs, close_resting_task_runs
from thermik.executions.launch import pass_on
from thermik.executions.life import Life
from thermik.executions.model import Execution
from thermik.executions.plans import Plan
from thermik.executions.repository import ExecutionNotFound
from thermik.executions.slots import Slots
from thermik.executions.state import StateType

_ENDS_ALL = frozenset({StateType.KILLED, StateType.RETRIED})
"""Ends after which not even what is at work goes on."""


def after_end(life: Life, execution: Execution, *, machine_is_over: bool = False) -> None:
    """Tell whoever waits for the end of this execution.

    Args:
        machine_is_over: `afterExecution` has run, too, if there is one.

    Raises:
        TableUnavailable, MachinesUnavailable: some may not be told yet; call again.
    """
    if not execution.progress.aftermath:
        return
    plan = life.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision)
    if plan.flow.concurrency is not None:
        _release_slot(life, execution, plan.flow.concurrency.limit)
    _answer_parent(life, execution)
    if machine_is_over or not _is_more_to_come(execution, plan):
        life.executions.change_execution(execution.id, _done)


def after_machine(life: Life, execution: Execution) -> None:
    """What is left to do for an ended execution when its machine is over, so that nothing more begins of it.

    An operation that was under way when the execution was killed may have begun a task run behind the kill's back. One
    that was at work when the execution failed may have lost its worker. While one still works, the execution counts
    as open, and the sweep comes back.
    """
    if execution.state.current in _ENDS_ALL:
        close_open_task_runs(life, execution.id, execution.state.current)
    after_end(life, execution, machine_is_over=close_resting_task_runs(life, execution))


def _is_more_to_come(execution: Execution, plan: Plan) -> bool:
    """Whether an execution that has just ended still has a machine to hear of, or task runs that may be open."""
    state = execution.state.current
    return bool(plan.flow.after_execution) or state == StateType.KILLED or plan.may_leave_work(state)


def _done(execution: Execution) -> Execution:
    """Nothing is left to be set going, unless it has begun anew meanwhile."""
    if not execution.progress.aftermath or not execution.state.is_terminal:
        return execution
    return execution.model_copy(update={"progress": execution.progress.model_copy(update={"aftermath": False})})


def _release_slot(life: Life, execution: Execution, limit: int) -> None:
    """Give up the slot, and the place in the queue: it may have been killed there, or taken out by hand."""
    slots = Slots(life.executions.table, execution.namespace, execution.flow_id)
    slots.leave(execution.id, instant_text(execution.state.start_date))
    slots.release(execution.id)
    pass_on(life, slots, limit)


def _answer_parent(life: Life, execution: Execution) -> None:
    waiting = execution.progress.waiting
    if waiting is None:
        return
    with suppress(ExecutionNotFound):  # it has ended without waiting for this one, and was deleted
        parent = life.executions.execution(waiting.execution).value
        life.machines.answer(parent, waiting.token, {})
