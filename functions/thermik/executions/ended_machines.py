"""An execution whose machine ended without having finished it: the machine was stopped by hand, timed out, or failed.

On AWS an event tells (Step Functions' status change), on a laptop the interpreter does. No execution stays RUNNING
without a machine.
"""

from __future__ import annotations

from thermik.executions.after_end import after_end
from thermik.executions.life import Life
from thermik.executions.model import Execution, TaskRun
from thermik.executions.outcomes import may_work
from thermik.executions.state import StateType
from thermik.machines.client import machine_name


def settle_ended_machine(life: Life, machine: str) -> Execution | None:
    """End the execution of a machine that is over, unless it has ended, is paused, or has another machine by now.

    Returns:
        The execution, if it was ended here: as FAILED, its open task runs with it.

    Raises:
        ExecutionNotFound: the machine is none of an execution's.
    """
    execution_id = machine.partition("-")[0]

    def failed(execution: Execution) -> Execution:
        going = may_work(execution.state.current, held=execution.progress.held)
        if not going or machine_name(execution) != machine:
            return execution
        return execution.with_state(StateType.FAILED, life.clock.now())

    before = life.executions.execution(execution_id).value
    after = life.executions.change_execution(execution_id, failed)
    if after.state.current != StateType.FAILED or before.state.current == StateType.FAILED:
        return None
    close_open_task_runs(life, execution_id, StateType.FAILED)
    after_end(life, after)
    return after


def close_open_task_runs(life: Life, execution_id: str, state: StateType) -> None:
    """Give every task run that has not ended a final state, its attempt at work included."""

    def closed(run: TaskRun) -> TaskRun:
        if run.state.is_terminal:
            return run
        now = life.clock.now()
        attempts = tuple(
            attempt if attempt.state.is_terminal else attempt.model_copy(update={"state": attempt.state.to(state, now)})
            for attempt in run.attempts or ()
        )
        changes = {"attempts": attempts} if run.attempts is not None else {}
        return run.with_state(state, now, **changes).with_progress(lease=None, retry_at=None)

    for run in life.executions.all_task_runs(execution_id):
        if not run.value.state.is_terminal:
            life.executions.change_task_run(execution_id, run.value.id, closed)
