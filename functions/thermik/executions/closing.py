"""Ending what is open of an execution that has ended."""

from __future__ import annotations

from thermik.executions.life import Life
from thermik.executions.model import TaskRun
from thermik.executions.state import StateType


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
