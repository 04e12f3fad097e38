"""The last stage: states written as Amazon States Language (JSONPath mode).

What travels in a machine is `c`, `{x, g, p, i}`: the execution's id, which of its machines this is, the loop's task run
and the turn (null outside of loops); besides, a flowable's answer under `$.opened`, a verdict under `$.settled`, an
error's name and cause under `$.error`, the id of a task that failed under `$.t`. Users' data never does.
https://states-language.net and https://docs.aws.amazon.com/step-functions/latest/dg/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from thermik.machines.dates import machine_date
from thermik.machines.names import fitting_name
from thermik.machines.states import (
    BUSY,
    ENDED,
    FAILED,
    STOPPED,
    Branches,
    Choose,
    Done,
    Exceeds,
    Fails,
    Invoke,
    Level,
    Note,
    Op,
    Rider,
    State,
    Turns,
    WaitUntil,
    targets,
)

WORKER = "${WorkerArn}"
"""Stands for the worker's ARN in a definition; the client that creates the machine puts it in."""

INVOKE = "arn:aws:states:::lambda:invoke"

# With full jitter half of that on average: about a minute and a half in all.
_BACK_OFF = {"IntervalSeconds": 1, "MaxAttempts": 8, "BackoffRate": 2, "MaxDelaySeconds": 60, "JitterStrategy": "FULL"}

_LAMBDA = {
    "ErrorEquals": [
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.TooManyRequestsException",
    ],
    **_BACK_OFF,
}
"""Lambda's own failures: https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html"""

_BUSY = {
    "ErrorEquals": [BUSY],
    "IntervalSeconds": 5,
    "MaxAttempts": 240,
    "BackoffRate": 1,
    "JitterStrategy": "FULL",
}
"""Another delivery still works on an attempt, or has just changed the task run: ten minutes on average, full jitter
being from nothing to the interval. A lease that outlasts them (at most a Lambda's 15) is waited for by `settle`."""

_ANY = {"ErrorEquals": ["States.ALL"], **_BACK_OFF}
"""Whatever else ends an operation that only reads and writes (a function's crash, a table out of reach): repeated."""

_STEERING = [FAILED, STOPPED, ENDED]
"""Errors by which the worker steers the machine: they are answers, and the same again would be the same."""

_CAUGHT: Mapping[Op, list[str]] = {
    Op.RUN: ["States.ALL"],
    Op.CALL: ["States.ALL"],
    Op.JOIN: ["States.ALL"],
    Op.DIRECTORY: ["States.ALL"],
    Op.BATCHES: ["States.ALL"],
    Op.JOIN_BATCHES: ["States.ALL"],
    Op.FINISH: [ENDED],
}
"""What `caught` means: for operations that `settle` looks into, any error; for the others, that a task failed.

An error that nothing catches ends the machine, and so its execution, as FAILED: going on as if a flowable had failed,
or as if it had not, would be a guess.
"""

_NO_TRIES = {"tries": 0}
"""What stands under `$.settled` before anything was settled."""


def start_input(execution_id: str, generation: int, at: datetime | None = None) -> dict[str, Any]:
    """The input of a machine; `at` for one that waits for a date.

    Args:
        generation: of the execution; the worker turns away what a machine of another generation asks.
    """
    context = {"x": execution_id, "g": generation, "p": None, "i": None}
    start: dict[str, Any] = {"c": context, "settled": _NO_TRIES}
    return start if at is None else start | {"at": machine_date(at)}


def write_level(level: Level) -> dict[str, Any]:
    """A level as `StartAt` and `States`."""
    written = (state for state in level.states.values() if not _is_needless_end(state, level))
    states = {fitting_name(state.name): _WRITERS[type(state)](state, level) for state in written}
    return {"StartAt": fitting_name(level.start), "States": states}


def _is_needless_end(state: State, level: Level) -> bool:
    """Whether a Succeed is the end of invocations only, which end by themselves (one transition less)."""
    if not isinstance(state, Done) or level.start == state.name:
        return False
    return all(
        isinstance(other, Invoke) and state.name not in (other.caught, other.overdue, other.stopped)
        for other in level.states.values()
        if state.name in targets(other)
    )


def _invoke(state: Invoke, level: Level) -> dict[str, Any]:
    """A Task state, the level's end where nothing but a Succeed would follow."""
    asl: dict[str, Any] = {
        "Type": "Task",
        "Resource": f"{INVOKE}.waitForTaskToken" if state.waits else INVOKE,
        "Parameters": {"FunctionName": WORKER, "Payload": _payload(state)},
        "ResultPath": f"$.{state.keep}" if state.keep else None,
    }
    retry = _retry(state)
    if retry:
        asl["Retry"] = retry
    if state.select:
        asl["ResultSelector"] = {f"{name}.$": f"$.Payload.{name}" for name in state.select}
    if state.timeout is not None:
        asl["TimeoutSecondsPath"] = f"$.{state.timeout}"
    catches = _catches(state)
    if catches:
        asl["Catch"] = catches
    if isinstance(level.states[state.next], Done):
        return asl | {"OutputPath": None, "End": True}
    return asl | {"Next": fitting_name(state.next)}


def _payload(state: Invoke) -> dict[str, Any]:
    """What the worker is told; as little as possible, since a machine has many such states and bounded size."""
    payload: dict[str, Any] = {"c.$": "$.c", "at.$": "$$.State.EnteredTime"}
    payload |= {"t": state.task} if state.noted is None else {"t.$": f"$.{state.noted}"}
    if state.op is not Op.RUN:
        payload["op"] = state.op.value
    if state.with_error:
        payload |= {"error.$": "$.error.Error", "cause.$": "$.error.Cause", "tries.$": "$.settled.tries"}
    if state.waits:
        payload["token.$"] = "$$.Task.Token"
    riders = {"before": _riders(state.before), "after": _riders(state.after)}
    return payload | {place: ridden for place, ridden in riders.items() if ridden}


def _catches(state: Invoke) -> list[dict[str, Any]]:
    """Where the errors of an invocation lead, the more particular ones first."""
    catches = []
    if state.stopped is not None:
        catches.append(_catch([STOPPED], state.stopped, None))
    if state.overdue is not None:
        catches.append(_catch(["States.Timeout"], state.overdue, None))
    if state.caught is not None:
        kept = f"$.{state.error_path}" if state.error_path else None
        catches.append(_catch(_CAUGHT.get(state.op, [FAILED]), state.caught, kept))
    return catches


def _retry(state: Invoke) -> list[dict[str, Any]]:
    """When the machine itself repeats an operation.

    A task's own work never: whatever ended it, `settle` says whether and when to repeat it. That also keeps the
    states of tasks small, of which a machine has most. Every other operation until it succeeds.
    """
    if state.op is Op.DIRECTORY:
        return [_LAMBDA, _BUSY]
    if _CAUGHT.get(state.op) == ["States.ALL"]:
        return []
    answers = [*_STEERING, "States.Timeout"] if state.overdue is not None else _STEERING
    return [{"ErrorEquals": answers, "MaxAttempts": 0}, _BUSY, _ANY]


def _riders(riders: Iterable[Rider]) -> list[dict[str, str]]:
    return [{"op": rider.op, "t": rider.task} for rider in riders]


def _choose(state: Choose, _: Level) -> dict[str, Any]:
    """A Choice; a variable that may be missing is asked for first, since AWS fails on it."""
    variable = f"$.{state.variable}"
    if not state.cases:  # a Switch without cases: ASL knows no Choice without rules
        return {"Type": "Pass", "Next": fitting_name(state.default)}
    choices = []
    for value, target in state.cases.items():
        rule: dict[str, Any] = {"Variable": variable, "StringEquals": value}
        if not state.is_there:
            rule = {"And": [{"Variable": variable, "IsPresent": True}, rule]}
        choices.append(rule | {"Next": fitting_name(target)})
    return {"Type": "Choice", "Choices": choices, "Default": fitting_name(state.default)}


def _catch(errors: list[str], target: str, kept: str | None) -> dict[str, Any]:
    return {"ErrorEquals": errors, "ResultPath": kept, "Next": fitting_name(target)}


def _around(state: Branches | Turns) -> dict[str, Any]:
    """What a Parallel and a Map have in common: results dropped, a stop passed on, a failure handled.

    A distributed Map tells only that a turn failed, not by which error.
    """
    failures = ["States.ALL"] if isinstance(state, Turns) and state.distributed else [FAILED]
    return {
        "ResultPath": None,
        "Catch": [_catch([STOPPED], state.stopped, None), _catch(failures, state.caught, None)],
        "Next": fitting_name(state.next),
    }


def _branches(state: Branches, _: Level) -> dict[str, Any]:
    return {"Type": "Parallel", "Branches": [write_level(level) for level in state.levels], **_around(state)}


def _turns(state: Turns, _: Level) -> dict[str, Any]:
    return {
        "Type": "Map",
        "ItemsPath": "$.opened.items",
        "ItemSelector": _item(state) | {"settled": _NO_TRIES},
        "MaxConcurrency": state.limit,
        "ItemProcessor": {
            "ProcessorConfig": _DISTRIBUTED if state.distributed else _INLINE,
            **write_level(state.level),
        },
        **_around(state),
    }


def _item(state: Turns) -> dict[str, Any]:
    """What a turn begins with: its scope, and which branch it is where a turn is one of several."""
    turn, branch = ("$$.Map.Item.Value[0]", "$$.Map.Item.Value[1]") if state.paired else ("$$.Map.Item.Value",) * 2
    item: dict[str, Any] = {"c.$": "$.c"}
    if state.scoped:
        item = {"c": {"x.$": "$.c.x", "g.$": "$.c.g", "p.$": "$.opened.run", "i.$": turn}}
    return item if state.scoped and not state.paired else item | {"branch.$": f"States.Format('{{}}', {branch})"}


def _note(state: Note, _: Level) -> dict[str, Any]:
    return {
        "Type": "Pass",
        "Result": state.value,
        "ResultPath": f"$.{state.path}",
        "Next": fitting_name(state.next),
    }


_INLINE = {"Mode": "INLINE"}
_DISTRIBUTED = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}


def _exceeds(state: Exceeds, _: Level) -> dict[str, Any]:
    variable = f"$.{state.variable}"
    rules = [{"Variable": variable, "IsPresent": True}, {"Variable": variable, "NumericGreaterThan": state.bound}]
    choice = {"And": rules, "Next": fitting_name(state.above)}
    return {"Type": "Choice", "Choices": [choice], "Default": fitting_name(state.next)}


def _wait(state: WaitUntil, _: Level) -> dict[str, Any]:
    return {"Type": "Wait", "TimestampPath": f"$.{state.path}", "Next": fitting_name(state.next)}


def _done(_state: Done, _: Level) -> dict[str, Any]:
    """An empty output: a Map's outputs are collected, and ten thousand of them must stay small."""
    return {"Type": "Succeed", "OutputPath": None}


def _fails(state: Fails, _: Level) -> dict[str, Any]:
    if state.error is None:
        return {"Type": "Fail", "ErrorPath": "$.error.Error", "CausePath": "$.error.Cause"}
    return {"Type": "Fail", "Error": state.error}


_WRITERS: dict[type[State], Callable[[Any, Level], dict[str, Any]]] = {
    Invoke: _invoke,
    Choose: _choose,
    Exceeds: _exceeds,
    WaitUntil: _wait,
    Note: _note,
    Branches: _branches,
    Turns: _turns,
    Done: _done,
    Fails: _fails,
}
