"""Ending what is open of an execution that has ended: its task runs follow it, whatever became of their workers."""

from __future__ import annotations

from datetime import datetime

from thermik.executions.life import Life
from thermik.executions.model import Attempt, Execution, TaskRun
from thermik.executions.state import State, StateType

_S = StateType

_LIKE_THE_EXECUTION = frozenset({_S.KILLED, _S.CANCELLED, _S.RETRIED})
"""Ends that its open task runs share; below any other they are KILLED, as what a failure cuts short."""


def close_open_task_runs(life: Life, execution_id: str, state: StateType) -> None:
    """Give every task run that has not ended a final state, its attempt at work included."""
    for run in life.executions.all_task_runs(execution_id):
        if not run.value.state.is_terminal:
            life.executions.change_task_run(execution_id, run.value.id, lambda each: closed(life, each, state))


def close_as_violated(life: Life, execution_id: str, state: StateType) -> None:
    """End what is open of an execution that broke an agreement, as Kestra does.

    The last task run ends as the execution, with the flowables around it; whatever works beside it is KILLED. The last
    one comes last: where a crash comes in between, it is still the last one that is open.
    """
    runs = {run.value.id: run.value for run in life.executions.all_task_runs(execution_id)}
    is_open = [run for run in runs.values() if not run.state.is_terminal]
    lineage: list[str] = []
    last = is_open[-1] if is_open else None
    while last is not None:
        lineage.insert(0, last.id)
        last = runs.get(last.parent_task_run_id or "")
    for run in is_open:
        if run.id not in lineage:
            life.executions.change_task_run(execution_id, run.id, lambda each: closed(life, each, _S.KILLED))
    for run_id in lineage:
        life.executions.change_task_run(execution_id, run_id, lambda each: closed(life, each, state))


def close_resting_task_runs(life: Life, execution: Execution) -> bool:
    """Give every task run that nobody is at work on a final state; whether none is left open.

    What is at work ends by itself, and is recorded.
    """
    state = execution.state.current if execution.state.current in _LIKE_THE_EXECUTION else _S.KILLED

    def rested(run: TaskRun) -> TaskRun:
        lease = run.progress.lease
        return run if lease is not None and life.at_work(lease) else closed(life, run, state)

    is_open = False
    for run in life.executions.all_task_runs(execution.id):
        if not run.value.state.is_terminal:
            left = life.executions.change_task_run(execution.id, run.value.id, rested)
            is_open = is_open or (left is not None and not left.state.is_terminal)
    return not is_open


def closed(life: Life, run: TaskRun, state: StateType) -> TaskRun:
    """A task run with a final state, its attempt at work included; the same if it has ended."""
    return run if run.state.is_terminal else cut_off(run, state, life.clock.now())


def cut_off(run: TaskRun, state: StateType, now: datetime) -> TaskRun:
    """A task run that something else ends, with its attempt at work; a call of another flow counts as one."""
    attempts = tuple(
        attempt if attempt.state.is_terminal else attempt.model_copy(update={"state": attempt.state.to(state, now)})
        for attempt in run.attempts or ()
    )
    if run.progress.call is not None and run.state.current == _S.RUNNING:
        attempts = (*attempts, attempt_of_call(run, state, now))
    changes = {"attempts": attempts} if attempts else {}
    return run.with_state(state, now, **changes).with_progress(lease=None, retry_at=None)


def attempt_of_call(run: TaskRun, state: StateType, now: datetime) -> Attempt:
    """The attempt that stands for a call of another flow, dated when that ended."""
    now = not_before_the_last(run, now)
    return Attempt(state=State.created(now).to(_S.RUNNING, now).to(state, now))


def not_before_the_last(run: TaskRun, now: datetime) -> datetime:
    """When an attempt may be said to begin: not before the end of the last one, whichever clock told that."""
    return max([now, *(attempt.state.histories[-1].date for attempt in (run.attempts or ())[-1:])])
