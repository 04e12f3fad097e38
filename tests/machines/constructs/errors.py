"""Fail, Retry and Catch."""

from __future__ import annotations

from typing import Any

from machines.constructs.case import Case, Fails, Raise, machine, parallel, passing, task

BOOM = Raise("Boom", "it broke")
CAUSE = '{"errorMessage":"it broke","errorType":"Boom"}'


def _retry(*errors: str, **fields: Any) -> dict[str, Any]:
    return {"ErrorEquals": list(errors), "IntervalSeconds": 1, **fields}


def _catch(*errors: str, target: str = "caught", **fields: Any) -> dict[str, Any]:
    return {"ErrorEquals": list(errors), "Next": target, **fields}


def _caught(state: dict[str, Any]) -> dict[str, Any]:
    return machine(
        work=state,
        ok=passing(Parameters={"r": "ok"}, End=True),
        caught=passing(Parameters={"e.$": "$.Error"}, End=True),
        other=passing(Parameters={"r": "other"}),
    )


def _failing(**fields: Any) -> dict[str, Any]:
    return machine(f={"Type": "Fail", **fields})


CASES = [
    Case("fail with error and cause", _failing(Error="E", Cause="c"), Fails("E", "c")),
    Case("fail by paths", _failing(ErrorPath="$.e", CausePath="$.c"), Fails("E", "c"), {"e": "E", "c": "c"}),
    Case(
        "fail by an intrinsic function",
        _failing(Error="E", CausePath="States.Format('{}!', $.c)"),
        Fails("E", "c!"),
        {"c": "c"},
    ),
    Case("fail without an error", _failing(), Fails(None)),
    Case(
        "a function's error ends the execution with its name",
        machine(t=task("f")),
        Fails("Boom"),
        functions={"f": [BOOM]},
    ),
    Case(
        "catch by name",
        _caught(task("f", Catch=[_catch("Other", target="other"), _catch("Boom")])),
        {"e": "Boom"},
        functions={"f": [BOOM]},
    ),
    Case(
        "catch States.ALL",
        _caught(task("f", Catch=[_catch("Other", target="other"), _catch("States.ALL")])),
        {"e": "Boom"},
        functions={"f": [BOOM]},
    ),
    Case(
        "catch States.TaskFailed",
        _caught(task("f", Catch=[_catch("States.TaskFailed")])),
        {"e": "Boom"},
        functions={"f": [BOOM]},
    ),
    Case(
        "the first catcher that matches",
        _caught(task("f", Catch=[_catch("Boom"), _catch("States.ALL", target="other")])),
        {"e": "Boom"},
        functions={"f": [BOOM]},
    ),
    Case(
        "no catcher matches",
        _caught(task("f", Catch=[_catch("Other")])),
        Fails("Boom"),
        functions={"f": [BOOM]},
    ),
    Case(
        "a catcher's ResultPath keeps the raw input",
        machine(
            t=task("f", InputPath="$.a", Catch=[_catch("States.ALL", ResultPath="$.error")]),
            caught=passing(Parameters={"a.$": "$.a", "e.$": "$.error.Error"}),
        ),
        {"a": {"x": 1}, "e": "Boom"},
        {"a": {"x": 1}},
        {"f": [BOOM]},
    ),
    Case(
        "a catcher that drops the error",
        machine(t=task("f", Catch=[_catch("States.ALL", ResultPath=None)]), caught=passing()),
        {"a": 1},
        {"a": 1},
        {"f": [BOOM]},
    ),
    Case(
        "the cause is Lambda's JSON",
        machine(
            t=task("f", Catch=[_catch("States.ALL")], Next="caught"),
            caught=passing(Parameters={"c.$": "States.StringToJson($.Cause)"}, OutputPath="$.c.errorMessage"),
        ),
        "it broke",
        functions={"f": [BOOM]},
        moto="describes a text output without its quotes",
    ),
    Case(
        "retry until it works",
        machine(t=task("f", Retry=[_retry("Boom")], OutputPath="$.Payload")),
        {"r": 1},
        functions={"f": [BOOM, BOOM, {"r": 1}]},
    ),
    Case(
        "retry gives up after MaxAttempts",
        machine(t=task("f", Retry=[_retry("Boom", MaxAttempts=2)])),
        Fails("Boom"),
        functions={"f": [BOOM, BOOM, BOOM, {"r": 1}]},
    ),
    Case(
        "retry three times unless said otherwise",
        machine(t=task("f", Retry=[_retry("Boom")], OutputPath="$.Payload")),
        {"r": 1},
        functions={"f": [BOOM, BOOM, BOOM, {"r": 1}]},
    ),
    Case(
        "MaxAttempts 0 never retries",
        _caught(task("f", Retry=[_retry("Boom", MaxAttempts=0)], Catch=[_catch("States.ALL")])),
        {"e": "Boom"},
        functions={"f": [BOOM, {"r": 1}]},
    ),
    Case(
        "catch after the retries",
        _caught(task("f", Retry=[_retry("States.ALL", MaxAttempts=1)], Catch=[_catch("Boom")])),
        {"e": "Boom"},
        functions={"f": [BOOM, BOOM, {"r": 1}]},
    ),
    Case(
        "each retrier counts its own attempts",
        machine(
            t=task("f", Retry=[_retry("A", MaxAttempts=1), _retry("B", MaxAttempts=2)], OutputPath="$.Payload"),
        ),
        {"r": 1},
        functions={"f": [Raise("B"), Raise("A"), Raise("B"), {"r": 1}]},
    ),
    Case(
        "the first retrier that matches decides",
        machine(t=task("f", Retry=[_retry("Boom", MaxAttempts=0), _retry("States.ALL")])),
        Fails("Boom"),
        functions={"f": [BOOM, {"r": 1}]},
    ),
    Case(
        "a retrier's attempts begin anew when the state is entered again",
        machine(
            t=task("f", Retry=[_retry("Boom", MaxAttempts=1)], ResultSelector={"p.$": "$.Payload"}, ResultPath="$.r"),
            again={
                "Type": "Choice",
                "Choices": [{"Variable": "$.r.p", "NumericEquals": 1, "Next": "t"}],
                "Default": "end",
            },
            end={"Type": "Succeed", "OutputPath": "$.r"},
        ),
        {"p": 2},
        functions={"f": [BOOM, 1, BOOM, 2]},
    ),
    Case(
        "jitter and a bound on the delay",
        machine(
            t=task(
                "f",
                Retry=[_retry("States.ALL", MaxDelaySeconds=2, BackoffRate=3, JitterStrategy="FULL")],
                OutputPath="$.Payload",
            )
        ),
        {"r": 1},
        functions={"f": [BOOM, BOOM, BOOM, {"r": 1}]},
    ),
    Case(
        "the context object counts retries",
        machine(
            t=task("f", {"n.$": "$$.State.RetryCount"}, Retry=[_retry("Boom")], Next="e"), e=task("echo", {"n": 1})
        ),
        {"ExecutedVersion": "$LATEST", "Payload": {"n": 1}, "StatusCode": 200},
        functions={"f": [BOOM, 1]},
    ),
    Case(
        "States.Runtime is not caught",
        _caught(task("f", {"v.$": "$.no"}, Catch=[_catch("States.ALL")])),
        Fails("States.Runtime"),
        functions={"f": [1]},
        moto="catches it",
    ),
    Case(
        "States.DataLimitExceeded is not caught by States.ALL",
        _caught(task("f", Catch=[_catch("States.ALL")])),
        Fails("States.DataLimitExceeded"),
        functions={"f": ["x" * 300_000]},
        moto="catches it",
    ),
    Case(
        "an intrinsic function's failure is caught",
        _caught(task("f", {"v.$": "States.StringToJson('{')"}, Catch=[_catch("States.IntrinsicFailure")])),
        {"e": "States.IntrinsicFailure"},
        functions={"f": [1]},
        moto="reports States.Runtime",
    ),
    Case(
        "a Parallel passes its branch's error on",
        _caught(parallel(machine(t1=task("f")), Catch=[_catch("Boom")])),
        {"e": "Boom"},
        functions={"f": [BOOM]},
    ),
    Case(
        "a Fail inside a Parallel is caught by its name",
        _caught(parallel(_failing(Error="Mine", Cause="c"), Catch=[_catch("Mine")])),
        {"e": "Mine"},
    ),
    Case(
        "error and cause through nested Parallels to Fail",
        machine(
            outer=parallel(machine(inner=parallel(_failing(Error="Mine", Cause="why"))), Catch=[_catch("States.ALL")]),
            ok=passing(End=True),
            caught={"Type": "Fail", "ErrorPath": "$.Error", "CausePath": "$.Cause"},
        ),
        Fails("Mine", "why"),
    ),
    Case(
        "retry a Parallel",
        machine(p=parallel(machine(t1=task("f", OutputPath="$.Payload")), Retry=[_retry("Boom")])),
        [{"r": 1}],
        functions={"f": [BOOM, {"r": 1}]},
    ),
    Case(
        "States.Runtime inside a Parallel ends the execution",
        _caught(parallel(machine(p1=passing(Parameters={"v.$": "$.no"})), Catch=[_catch("States.ALL")])),
        Fails("States.Runtime"),
    ),
    Case(
        "a Lambda service error by its name",
        machine(t=task("f", Retry=[_retry("Lambda.TooManyRequestsException")], OutputPath="$.Payload")),
        {"r": 1},
        functions={"f": [Raise("Lambda.TooManyRequestsException"), {"r": 1}]},
    ),
]
