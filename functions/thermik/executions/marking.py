"""Changing the state of a task run of an execution that has ended, or is paused ("mark as").

The execution goes on from there as after a restart: with another machine, and what came last (`errors`, `finally`,
`afterExecution`) comes again. A task run that is marked as CANCELLED ends the execution as that instead.
"""

from __future__ import annotations

from thermik.executions.after_end import after_end
from thermik.executions.closing import close_open_task_runs
from thermik.executions.ending import ended_from_outside, let_follow
from thermik.executions.life import Life
from thermik.executions.marks import RESTARTED, marked
from thermik.executions.model import Execution, TaskRun
from thermik.executions.refusals import Unacceptable, WrongState
from thermik.executions.repository import Versioned
from thermik.executions.revival import Runs, ancestors_of, coming_last, in_rounds, revive, running, write_with
from thermik.executions.state import StateType
from thermik.flows.tree import FlowTree

_S = StateType

_MARKS = frozenset({_S.SUCCESS, _S.WARNING, _S.FAILED, _S.KILLED, _S.CANCELLED, _S.SKIPPED, _S.RUNNING})


def change_task_run_state(life: Life, execution_id: str, task_run_id: str, state: StateType) -> Execution:
    """Give a task run another state and let the execution go on from there, or end as CANCELLED.

    Raises:
        ExecutionNotFound: there is none.
        WrongState: it is at work.
        Unacceptable: it has no such task run, or no task run can be put into that state.
        Conflict: it was being changed all the time; nothing was started.
    """
    if state not in _MARKS:
        raise Unacceptable(f"A task run cannot be marked as {state.value}")
    return in_rounds(lambda: _change(life, execution_id, task_run_id, state))


def _change(life: Life, execution_id: str, task_run_id: str, state: StateType) -> Execution:
    found = life.executions.execution(execution_id)
    current = found.value.state.current
    if not found.value.state.is_terminal and current != _S.PAUSED:
        raise WrongState(f"Execution '{execution_id}' is {current.value}: its task runs cannot be changed")
    runs = {run.value.id: run for run in life.executions.all_task_runs(execution_id)}
    if task_run_id not in runs:
        raise Unacceptable(f"No task run '{task_run_id}' in execution '{execution_id}'")
    target = runs[task_run_id]
    tree = life.plans.plan(found.value.namespace, found.value.flow_id, found.value.flow_revision).tree
    dropped = _dropped(target, runs, tree) if found.value.state.is_terminal else []
    changed = target.then(_with_state(life, target.value, state))
    life.machines.stop(found.value, "changed")
    if state == _S.CANCELLED:
        return _cancelled(life, found, changed, dropped)
    revived = [running(life, each) for each in ancestors_of(target.value, runs)]
    paused = any(run.value.state.current == _S.PAUSED and run.value.id != task_run_id for run in runs.values())
    return revive(life, found, [*revived, changed], dropped, stays=paused and current == _S.PAUSED)


def _dropped(target: Versioned[TaskRun], runs: Runs, tree: FlowTree) -> list[Versioned[TaskRun]]:
    """The task runs of what comes last again; none where the one that is marked is itself among them."""
    above = {each.value.id for each in ancestors_of(target.value, runs)}
    dropped = coming_last(runs, tree, above)
    return dropped if not any(run.value.id in {target.value.id, *above} for run in dropped) else []


def _with_state(life: Life, run: TaskRun, state: StateType) -> TaskRun:
    now = life.clock.now()
    attempts = run.attempts
    if attempts:
        last = attempts[-1].model_copy(update={"state": attempts[-1].state.to(state, now)})
        attempts = (*attempts[:-1], last)
    return run.with_state(state, now, attempts=attempts).with_progress(lease=None, retry_at=None)


def _cancelled(
    life: Life, found: Versioned[Execution], changed: Versioned[TaskRun], dropped: list[Versioned[TaskRun]]
) -> Execution:
    execution = found.value
    plan = life.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision)
    ended = ended_from_outside(marked(execution, RESTARTED), _S.CANCELLED, plan, life.clock.now())
    write_with(life, found, ended, [changed], dropped)
    close_open_task_runs(life, execution.id, _S.CANCELLED)
    after_end(life, ended)
    let_follow(life, ended, plan)
    return life.executions.execution(execution.id).value
