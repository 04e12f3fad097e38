"""Killing an execution: it is KILLED at once, and nothing of it, nor of what it started, runs afterwards.

Only what the flow says to do after the execution (`afterExecution`) follows.

KILLING is written first: from then on no operation starts anything, and a process that dies on the way leaves an
execution that the next kill, or the sweep, brings to its end. Work in flight is interrupted by its own worker,
which watches the execution; what it still records of itself is refused.
"""

from __future__ import annotations

from collections.abc import Iterator

from thermik.executions.after_end import after_end
from thermik.executions.closing import close_open_task_runs
from thermik.executions.ending import ended_from_outside, let_follow
from thermik.executions.life import Life
from thermik.executions.model import Execution
from thermik.executions.plans import Plan
from thermik.executions.refusals import WrongState
from thermik.executions.state import StateType
from thermik.storage import schema
from thermik.storage.table import Index

_S = StateType


def kill(life: Life, execution_id: str, *, cascade: bool = True) -> Execution:
    """Kill an execution and, with `cascade`, all that it started. Repeating it changes nothing.

    Raises:
        ExecutionNotFound: there is none.
        WrongState: it has ended, and nothing else is to be killed.
        TableUnavailable, MachinesUnavailable: it may be half killed; call again.
    """
    execution = life.executions.change_execution(execution_id, lambda current: _killing(life, current))
    if execution.state.is_terminal and not cascade:
        raise WrongState(f"Execution '{execution_id}' is already terminated ({execution.state.current.value})")
    if execution.state.current == _S.KILLING:
        execution = finish_kill(life, execution)
    # After the parent, which could start more of them till then. The sweep finishes a kill that was cut short before
    # this without its children, of which it knows nothing: who was told that the kill failed kills once more.
    if cascade:
        for child in _children(life, execution_id):
            kill(life, child.id)
    return execution


def finish_kill(life: Life, execution: Execution) -> Execution:
    """Bring an execution that is KILLING to its end."""
    life.machines.stop(execution, "killed")
    close_open_task_runs(life, execution.id, _S.KILLED)
    plan = life.plans.plan(execution.namespace, execution.flow_id, execution.flow_revision)
    killed = life.executions.change_execution(execution.id, lambda current: _killed(life, current, plan))
    after_end(life, killed)  # more is to come: the machine's end, behind which nothing can begin any more
    let_follow(life, killed, plan)
    return killed


def _killing(life: Life, execution: Execution) -> Execution:
    if execution.state.is_terminal:
        return execution
    return execution.with_state(_S.KILLING, life.clock.now())


def _killed(life: Life, execution: Execution, plan: Plan) -> Execution:
    if execution.state.current != _S.KILLING:
        return execution
    return ended_from_outside(execution, _S.KILLED, plan, life.clock.now())


def _children(life: Life, execution_id: str) -> Iterator[Execution]:
    """The executions that this one started and that have not ended, found by index."""
    cursor: str | None = None
    while True:
        page = life.executions.table.query(schema.children_partition(execution_id), index=Index.THIRD, cursor=cursor)
        for record in page.records:
            child = Execution.model_validate(record.body)
            if not child.state.is_terminal:
                yield child
        cursor = page.cursor
        if cursor is None:
            return
