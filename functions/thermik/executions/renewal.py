"""Trying a whole execution again, as a new one: the retry behavior CREATE_NEW_EXECUTION.

The execution becomes RETRIED with the task run that failed and all above it; another one, made like a replay from
the start, begins when the retry is due. Its id is derived from the first one's, so that it is made once.
"""

from __future__ import annotations

import random
from datetime import datetime

from thermik.executions.after_end import after_end
from thermik.executions.closing import close_open_task_runs
from thermik.executions.ending import ended_from_outside
from thermik.executions.launch import launch, with_machine
from thermik.executions.life import Life
from thermik.executions.marks import REPLAY, marked
from thermik.executions.model import Execution
from thermik.executions.replay import copy_of
from thermik.executions.repository import Versioned
from thermik.executions.retries import delay_before
from thermik.executions.state import StateType
from thermik.flows.retry import Retry, RetryBehavior
from thermik.identity import derived_id
from thermik.storage.errors import Conflict

_S = StateType


def renews(retry: Retry | None) -> bool:
    """Whether a failure is tried again as a new execution."""
    return retry is not None and retry.behavior == RetryBehavior.CREATE_NEW_EXECUTION


def renewal_at(retry: Retry, execution: Execution, now: datetime, draw: random.Random) -> datetime | None:
    """When the next execution is due after this one failed now; None when there is none.

    `maxAttempts` counts executions, `maxDuration` from the first one's creation.
    """
    made = execution.metadata.attempt_number
    if retry.max_attempts is not None and made >= retry.max_attempts:
        return None
    due = now + delay_before(retry, made, draw)
    if retry.max_duration is not None and due > execution.metadata.original_created_date + retry.max_duration:
        return None
    return due


def renew(life: Life, execution_id: str, due: datetime) -> Execution:
    """Make the next execution, which starts when it is due, and this one RETRIED. It can be repeated.

    The next one is written first: an execution that is RETRIED is never looked at again. One that was killed
    meanwhile stays that.
    """

    def retried(execution: Execution) -> Execution:
        if execution.state.is_terminal or execution.state.current == _S.KILLING:
            return execution
        return ended_from_outside(execution, _S.RETRIED, plan, life.clock.now())

    source = life.executions.execution(execution_id).value
    if source.state.current == _S.KILLING or (source.state.is_terminal and source.state.current != _S.RETRIED):
        return source
    plan = life.plans.plan(source.namespace, source.flow_id, source.flow_revision)
    copy = marked(copy_of(life, source, derived_id("retry", execution_id), source.flow_revision, source.inputs), REPLAY)
    copy = with_machine(copy.model_copy(update={"schedule_date": due}), plan)
    try:
        life.executions.write(Versioned(copy))
    except Conflict:  # made by an earlier call, which may not have started it
        copy = life.executions.execution(copy.id).value
    source = life.executions.change_execution(execution_id, retried)
    close_open_task_runs(life, execution_id, _S.RETRIED)
    after_end(life, source, machine_is_over=True)
    return launch(life, copy) if copy.state.current == _S.CREATED else copy
