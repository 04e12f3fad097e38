"""The Task state: an invocation is handed out as a job; its result, a token's answer or a time-out comes back.

A time-out begins when the invocation does: a job that waits for a free worker is the laptop's affair, AWS has no such
queue. With `.waitForTaskToken` the answer counts whenever it comes, also before the invocation has returned.
"""

from __future__ import annotations

import secrets
from typing import Any

from thermik.local.interpreter.errors import HEARTBEAT_TIMEOUT, RUNTIME, TIMEOUT, StateError
from thermik.local.interpreter.frames import Activity, Branch, Job
from thermik.local.interpreter.moves import count, fail, leave
from thermik.local.interpreter.payloads import bounded
from thermik.local.interpreter.states import Task


def enter_task(branch: Branch, state: Task) -> None:
    """Hand out the invocation, with a fresh token if the state waits for one."""
    data = branch.data if state.read is None else state.read(branch.data, branch.context)
    branch.activity = activity = Activity(branch)
    if state.token:
        activity.token = secrets.token_urlsafe(32)
        branch.built_context = None
    if state.parameters is not None:
        data = state.parameters(data, branch.context)
    function, payload = _request(data)
    if state.timeout is not None:
        activity.timeout = state.timeout(branch.data, branch.context)
    if state.heartbeat is not None:
        activity.heartbeat = state.heartbeat(branch.data, branch.context)
    job = Job(activity, function, bounded(payload, f"The input of task '{state.name}'"))
    count(branch, 2)  # TaskScheduled, TaskStarted
    if activity.token is not None:
        branch.execution.host.tokens[activity.token] = activity
    branch.execution.jobs.append(job)


def _request(arguments: dict[str, Any]) -> tuple[str, Any]:
    """The function to invoke, and its payload."""
    function = arguments["FunctionName"]
    if not isinstance(function, str) or not function:
        raise StateError(RUNTIME, f"FunctionName must be a string, not {function!r}")
    return function, arguments.get("Payload", {})


def begin(activity: Activity) -> None:
    """The invocation begins now, and so do its time-outs."""
    host = activity.branch.execution.host
    if activity.timeout is not None:
        activity.timer = host.after(activity.timeout, activity, _timed_out)
    if activity.heartbeat is not None:
        activity.heartbeat_timer = host.after(activity.heartbeat, activity, _heart_stopped)


def _timed_out(branch: Branch) -> None:
    branch.history.events += 1
    fail(branch, StateError(TIMEOUT))


def _heart_stopped(branch: Branch) -> None:
    branch.history.events += 1
    fail(branch, StateError(HEARTBEAT_TIMEOUT))


def beat(branch: Branch) -> None:
    """A heartbeat came: its time-out begins anew."""
    activity = branch.activity
    if activity is None or activity.heartbeat is None:
        return
    if activity.heartbeat_timer is not None:
        activity.heartbeat_timer.cancel()
    activity.heartbeat_timer = branch.execution.host.after(activity.heartbeat, activity, _heart_stopped)


def returned(branch: Branch, result: Any) -> None:
    """The invocation returned; a state that waits for a token goes on waiting."""
    state = branch.state
    branch.history.events += 1  # TaskSucceeded or TaskSubmitted
    if isinstance(state, Task) and not state.token:
        leave(branch, {"ExecutedVersion": "$LATEST", "Payload": result, "StatusCode": 200})


def answered(branch: Branch, result: Any) -> None:
    """The token's answer is the state's result."""
    branch.history.events += 1
    leave(branch, result)


def failed(branch: Branch, error: StateError) -> None:
    """The invocation failed, or the answer is a failure."""
    branch.history.events += 1
    fail(branch, error)
