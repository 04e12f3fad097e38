"""An execution that something else than its machine ends: a kill, a broken agreement, a machine that failed.

Nothing of its machine starts any more. What the flow says to do after the execution (`afterExecution`) is done all
the same, by a machine of the next generation: so what the old one still asks is told from what the new one does.
"""

from __future__ import annotations

from datetime import datetime

from thermik.executions.launch import start_machine, with_machine
from thermik.executions.life import Life
from thermik.executions.model import Execution
from thermik.executions.plans import Plan
from thermik.executions.state import StateType


def ended_from_outside(execution: Execution, state: StateType, plan: Plan, at: datetime) -> Execution:
    """The execution in a final state, with what is to follow noted in the same write: a crash behind it loses nothing.

    Raises: FlowTooLarge.
    """
    progress = execution.progress.model_copy(update={"aftermath": True})
    ended = execution.with_state(state, at, progress=progress)
    if not is_followed(ended, plan):
        return ended
    following = progress.model_copy(update={"generation": progress.generation + 1})
    return with_machine(ended.model_copy(update={"progress": following}), plan)


def is_followed(execution: Execution, plan: Plan) -> bool:
    """Whether `afterExecution` follows: after every end of what has run, unless it is tried again as a new one."""
    state = execution.state
    has_run = state.is_terminal and state.was(StateType.RUNNING) and state.current != StateType.RETRIED
    return has_run and bool(plan.flow.after_execution)


def let_follow(life: Life, execution: Execution, plan: Plan) -> None:
    """Start `afterExecution` of an execution that has ended, if there is one to follow. Repeating it starts it once."""
    if is_followed(execution, plan):
        start_machine(life, execution, plan)
