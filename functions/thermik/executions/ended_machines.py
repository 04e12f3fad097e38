"""An execution whose machine ended without having finished it: the machine was stopped by hand, timed out, or failed.

On AWS an event tells (Step Functions' status change), on a laptop the interpreter does. No execution stays RUNNING
without a machine.
"""

from __future__ import annotations

from thermik.executions.after_end import after_end, after_machine
from thermik.executions.closing import close_open_task_runs
from thermik.executions.ending import ended_from_outside, is_followed, let_follow
from thermik.executions.life import Life
from thermik.executions.logs import execution_log
from thermik.executions.model import Execution
from thermik.executions.outcomes import may_work
from thermik.executions.sla import break_agreement, broken_durations, ends
from thermik.executions.state import StateType
from thermik.machines.client import machine_name


def settle_ended_machine(life: Life, machine: str, cause: str) -> Execution | None:
    """End the execution of a machine that is over, unless it has ended, is paused, or has another machine by now.

    Args:
        cause: what ended the machine, for the execution's log.

    Returns:
        The execution, if it was ended here: by the agreement on its duration that it broke, or as FAILED.

    Raises:
        ExecutionNotFound: the machine is none of an execution's.
    """
    execution = life.executions.execution(machine.partition("-")[0]).value  # `machine_name`, read backwards
    if execution.state.is_terminal and machine_name(execution) == machine:
        after_machine(life, execution)
    if not may_work(execution.state.current, held=execution.progress.held) or machine_name(execution) != machine:
        return None
    flow = life.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision).flow
    broken = [sla for sla in broken_durations(flow.sla, execution.state.start_date, life.clock.now()) if ends(sla)]
    return break_agreement(life, execution, broken[0]) if broken else _fail(life, execution, machine, cause)


def _fail(life: Life, execution: Execution, machine: str, cause: str) -> Execution | None:
    plan = life.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision)

    def failed(current: Execution) -> Execution:
        going = may_work(current.state.current, held=current.progress.held)
        if not going or machine_name(current) != machine:
            return current
        return ended_from_outside(current, StateType.FAILED, plan, life.clock.now())

    after = life.executions.change_execution(execution.id, failed)
    if after.state.current != StateType.FAILED:
        return None
    log = execution_log(life.executions.table, life.clock, after)
    log.error(f"The state machine {machine} ended without finishing the execution: {cause}")
    log.flush()
    close_open_task_runs(life, execution.id, StateType.FAILED)
    after_end(life, after, machine_is_over=not is_followed(after, plan))
    let_follow(life, after, plan)
    return after
