"""Letting an execution run that waits: out of the queue of its flow's limit, or from whatever holds it."""

from __future__ import annotations

from thermik.clock import instant_text
from thermik.executions.after_end import after_end
from thermik.executions.launch import keep_slot, owned, start_machine, start_queued, with_machine
from thermik.executions.life import Life
from thermik.executions.model import Execution
from thermik.executions.pausing import resume
from thermik.executions.plans import Plan
from thermik.executions.refusals import Unacceptable
from thermik.executions.slots import Slots
from thermik.executions.state import StateType

_S = StateType

_OUT_OF_QUEUE = frozenset({_S.RUNNING, _S.CANCELLED, _S.FAILED})


def unqueue(life: Life, execution_id: str, state: StateType = _S.RUNNING) -> Execution:
    """Take an execution out of its flow's queue: to run whatever the limit says, or to end.

    Raises:
        ExecutionNotFound: there is none.
        Unacceptable: it is not queued, or the state is none that it could take.
    """
    execution = life.executions.execution(execution_id).value
    if execution.state.current != _S.QUEUED:
        raise Unacceptable(f"Execution must be QUEUED to be unqueued, current state is '{execution.state.current}'")
    if state not in _OUT_OF_QUEUE:
        raise Unacceptable(f"A queued execution cannot become {state.value}")
    if state == _S.RUNNING:
        slots = Slots(life.executions.table, execution.namespace, execution.flow_id)
        # The slot before the place in the queue: whoever finds one that has neither would let it wait for ever.
        slots.hold(execution_id)
        slots.leave(execution_id, instant_text(execution.state.start_date))
        return start_queued(life, execution_id)
    # Its end gives up the place in the queue, and the sweep sees to that should this process die.
    ended = life.executions.change_execution(execution_id, lambda current: _ended(life, current, state))
    after_end(life, ended, machine_is_over=True)
    return ended


def force_run(life: Life, execution_id: str) -> Execution:
    """Let an execution run now, whatever it waits for.

    Raises:
        ExecutionNotFound: there is none.
        Unacceptable: it has ended.
    """
    execution = life.executions.execution(execution_id).value
    if execution.state.is_terminal:
        raise Unacceptable(f"Execution must not be terminated, current state is '{execution.state.current}'")
    match execution.state.current:
        case _S.QUEUED:
            return unqueue(life, execution_id)
        case _S.PAUSED:
            return resume(life, execution_id)
        case _:
            plan = life.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision)
            keep_slot(life, execution, plan)
            execution = life.executions.change_execution(execution_id, lambda current: owned(life, current))
            return start_machine(life, _without_date(life, execution, plan), plan)


def _without_date(life: Life, execution: Execution, plan: Plan) -> Execution:
    """An execution that waits for a date waits no longer: another machine, which does not wait, runs it."""
    if execution.schedule_date is None or execution.state.current != _S.CREATED:
        return execution

    def undated(current: Execution) -> Execution:
        if current.schedule_date is None:
            return current
        progress = current.progress.model_copy(update={"generation": current.progress.generation + 1})
        return with_machine(current.model_copy(update={"schedule_date": None, "progress": progress}), plan)

    life.machines.stop(execution, "run at once")
    return life.executions.change_execution(execution.id, undated)


def _ended(life: Life, execution: Execution, state: StateType) -> Execution:
    if execution.state.current != _S.QUEUED:
        return execution
    return execution.with_state(state, life.clock.now())
