"""The moves that every kind of state is made of: go on, leave with a result, fail, end, stop.

Recursion here goes with the nesting of Parallel and Map states in the definition (bounded), never with items or
states: a branch that moves on is put on the execution's agenda.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from thermik.local.interpreter.errors import RUNTIME, StateError
from thermik.local.interpreter.frames import Activity, Branch, Execution
from thermik.local.interpreter.payloads import bounded
from thermik.local.interpreter.retrying import Again, catch, retry
from thermik.local.interpreter.states import Working
from thermik.local.interpreter.status import Status

MAX_EVENTS = 25_000
"""Events of one history: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
CLOSED_TOKENS = 10_000
"""Tokens remembered after their task ended, so that a late answer is told so."""


def count(branch: Branch, events: int) -> None:
    """Count history events.

    Raises:
        StateError: States.Runtime, the history is full.
    """
    branch.history.events += events
    if branch.history.events > MAX_EVENTS:
        raise StateError(RUNTIME, f"The execution reached the maximum number of history events ({MAX_EVENTS}).")


def go(branch: Branch, name: str, data: Any, now: datetime) -> None:
    """Let a branch enter a state with its raw input."""
    branch.state = branch.scope.states[name]
    branch.data = data
    branch.entered = now
    branch.attempts = None
    branch.retries = 0
    branch.built_context = None
    branch.execution.agenda.append(branch)


def leave(branch: Branch, result: Any) -> None:
    """Leave a state that is done: ResultSelector, ResultPath, OutputPath, then the next state or the scope's end.

    For states without a result of their own, `result` is the effective input.
    """
    state = branch.state
    settle(branch)
    try:
        output = _output(branch, result)
        count(branch, 1)
    except StateError as error:
        fail(branch, error)
        return
    if state.next is not None:
        go(branch, state.next, output, branch.execution.host.clock.now())
    else:
        end(branch, output)


def _output(branch: Branch, result: Any) -> Any:
    state = branch.state
    output = result
    if isinstance(state, Working):
        if state.select is not None:
            output = state.select(output, branch.context)
        if state.put is not None:
            output = state.put(branch.data, output)
    if state.write is not None:
        output = state.write(output, branch.context)
    if output is not branch.data:
        bounded(output, f"The output of state '{state.name}'")
    return output


def end(branch: Branch, output: Any) -> None:
    """End a branch's scope with its output."""
    branch.alive = False
    if branch.parent is None:
        branch.history.events += 1
        conclude(branch.execution, Status.SUCCEEDED, output=output)
    else:
        branch.parent.ended(branch, output)


def fail(branch: Branch, error: StateError) -> None:
    """A state failed: try it again, or go where a catcher says, or fail the scope."""
    while True:
        cancel_below(branch)
        settle(branch)
        if isinstance(branch.state, Working):
            try:
                if _recover(branch, branch.state, error):
                    return
            except StateError as second:  # the catcher's ResultPath does not fit the input
                error = second
        branch.alive = False
        if branch.parent is None:
            branch.history.events += 1
            conclude(branch.execution, Status.FAILED, error=error.error or None, cause=error.cause or None)
            return
        passed_on = branch.parent.failed(branch, error)
        if passed_on is None:
            return
        branch, error = branch.parent.owner, passed_on


def _recover(branch: Branch, state: Working, error: StateError) -> bool:
    if state.retriers:
        attempts = branch.attempts or [0] * len(state.retriers)
        again = retry(state.retriers, attempts, error.error)
        if again is not None:
            branch.attempts = attempts
            _retry_later(branch, attempts, again)
            return True
    catcher = catch(state.catchers, error.error)
    if catcher is None:
        return False
    output = catcher.put(branch.data, error.output)
    bounded(output, f"The input of state '{catcher.next}'")
    branch.history.events += 1
    go(branch, catcher.next, output, branch.execution.host.clock.now())
    return True


def _retry_later(branch: Branch, attempts: list[int], again: Again) -> None:
    attempts[again.retrier] += 1
    branch.retries += 1
    branch.activity = activity = Activity(branch)
    activity.timer = branch.execution.host.after(again.delay, activity, _try_again)


def _try_again(branch: Branch) -> None:
    settle(branch)
    branch.built_context = None
    branch.execution.agenda.append(branch)


def settle(branch: Branch) -> None:
    """End what a branch waits for: its timers, its token. Whatever comes of them later is dropped."""
    activity = branch.activity
    if activity is None:
        return
    branch.activity = None
    for timer in (activity.timer, activity.heartbeat_timer):
        if timer is not None:
            timer.cancel()
    if activity.token is not None:
        branch.built_context = None
        _close_token(branch.execution, activity.token)


def _close_token(execution: Execution, token: str) -> None:
    host = execution.host
    if host.tokens.pop(token, None) is None:
        return
    host.closed_tokens[token] = None
    if len(host.closed_tokens) > CLOSED_TOKENS:
        host.closed_tokens.pop(next(iter(host.closed_tokens)), None)


def cancel_below(branch: Branch) -> None:
    """Stop everything below a branch that stands in a Parallel or Map."""
    if branch.join is None:
        return
    pending = list(branch.join.live.values())
    branch.join = None
    while pending:
        child = pending.pop()
        child.alive = False
        settle(child)
        if child.join is not None:
            pending.extend(child.join.live.values())
            child.join = None


def conclude(
    execution: Execution, status: Status, *, output: Any = None, error: str | None = None, cause: str | None = None
) -> None:
    """End an execution, if it has not ended, and stop all of it."""
    if execution.status is not Status.RUNNING:
        return
    execution.status, execution.output, execution.error, execution.cause = status, output, error, cause
    execution.ended = execution.host.clock.now()
    if execution.timeout is not None:
        execution.timeout.cancel()
    execution.root.alive = False
    settle(execution.root)
    cancel_below(execution.root)
    execution.agenda.clear()
