"""Entering a state, whatever its type, and driving an execution until all its branches wait or it has ended."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from thermik.local.interpreter import states
from thermik.local.interpreter.errors import NO_CHOICE, RUNTIME, StateError
from thermik.local.interpreter.fanout import enter_map, enter_parallel
from thermik.local.interpreter.frames import Activity, Branch, Execution, enclosing
from thermik.local.interpreter.moves import count, fail, go, leave
from thermik.local.interpreter.status import StateEntered
from thermik.local.interpreter.tasks import enter_task
from thermik.local.interpreter.timestamps import parse_timestamp


def drive(execution: Execution) -> None:
    """Let every branch on the agenda enter its state, until the agenda is empty."""
    while execution.agenda:
        batch, execution.agenda = execution.agenda, []
        for branch in batch:
            if branch.alive:
                _enter(branch)


def _enter(branch: Branch) -> None:
    execution, state = branch.execution, branch.state
    execution.transitions += 1
    if execution.trace is not None:
        execution.trace.append(StateEntered(state.name, branch.entered, enclosing(branch), branch.retries))
    try:
        if not branch.retries:
            count(branch, 1)
        _STEPS[type(state)](branch, state)
    except StateError as error:
        fail(branch, error)


def _effective(branch: Branch, state: states.State) -> Any:
    return branch.data if state.read is None else state.read(branch.data, branch.context)


def _pass(branch: Branch, state: states.Pass) -> None:
    data = _effective(branch, state)
    if state.parameters is not None:
        data = state.parameters(data, branch.context)
    leave(branch, state.result if state.has_result else data)


def _succeed(branch: Branch, state: states.Succeed) -> None:
    leave(branch, _effective(branch, state))


def _fail(branch: Branch, state: states.Fail) -> None:
    error, cause = (None if get is None else get(branch.data, branch.context) for get in (state.error, state.cause))
    for value in (error, cause):
        if value is not None and not isinstance(value, str):
            raise StateError(RUNTIME, f"Error and Cause must be strings, not {value!r:.100}")
    raise StateError(error or "", cause or "")


def _choice(branch: Branch, state: states.Choice) -> None:
    data = _effective(branch, state)
    target = next((target for rule, target in state.rules if rule(data, branch.context)), state.default)
    if target is None:
        raise StateError(NO_CHOICE, f"No choice rule of state '{state.name}' matched, and it has no Default")
    output = data if state.write is None else state.write(data, branch.context)
    count(branch, 1)
    go(branch, target, output, branch.execution.host.clock.now())


def _wait(branch: Branch, state: states.Wait) -> None:
    data = _effective(branch, state)
    host = branch.execution.host
    branch.activity = activity = Activity(branch)
    wake = partial(_leave_with, data=data)
    if state.seconds is not None:
        activity.timer = host.after(float(state.seconds(data, branch.context)), activity, wake)
    elif state.timestamp is not None:
        text = state.timestamp(data, branch.context)
        instant = parse_timestamp(text)
        if instant is None:
            raise StateError(RUNTIME, f"The timestamp of state '{state.name}' is no RFC 3339 instant: {text!r:.100}")
        activity.timer = host.at(instant.timestamp(), activity, wake)


def _leave_with(branch: Branch, data: Any) -> None:
    leave(branch, data)


_STEPS: dict[type[states.State], Callable[[Branch, Any], None]] = {
    states.Pass: _pass,
    states.Task: enter_task,
    states.Choice: _choice,
    states.Wait: _wait,
    states.Succeed: _succeed,
    states.Fail: _fail,
    states.Parallel: enter_parallel,
    states.Map: enter_map,
}
