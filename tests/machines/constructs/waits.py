"""Wait states, task tokens and time-outs."""

from __future__ import annotations

from typing import Any

from machines.constructs.case import Answer, Case, Fails, holding, machine, mapping, parallel, passing, task

PAST = "2020-01-01T00:00:00Z"


def _wait(**fields: Any) -> dict[str, Any]:
    return {"Type": "Wait", **fields}


def _caught(state: dict[str, Any]) -> dict[str, Any]:
    return machine(work=state, ok=passing(End=True), caught=passing(Parameters={"e.$": "$.Error"}))


CASES = [
    Case("wait some seconds", machine(w=_wait(Seconds=1)), {"a": 1}, {"a": 1}),
    Case("wait seconds by path", machine(w=_wait(SecondsPath="$.s")), {"s": 0}, {"s": 0}),
    Case("wait for an instant that is past", machine(w=_wait(Timestamp=PAST)), {"a": 1}, {"a": 1}),
    Case("wait for an instant by path", machine(w=_wait(TimestampPath="$.t")), {"t": PAST}, {"t": PAST}),
    Case(
        "an instant with an offset and a fraction",
        machine(w=_wait(TimestampPath="$.t")),
        {"t": "2020-01-01T00:00:00.5+01:00"},
        {"t": "2020-01-01T00:00:00.5+01:00"},
    ),
    Case("a wait's paths", machine(w=_wait(Seconds=0, InputPath="$.a", OutputPath="$.b")), 1, {"a": {"b": 1}}),
    Case("no instant", machine(w=_wait(TimestampPath="$.t")), Fails("States.Runtime"), {"t": "tomorrow"}),
    Case("no seconds", machine(w=_wait(SecondsPath="$.s")), Fails("States.Runtime"), {"s": "many"}),
    Case(
        "a token's success is the result",
        machine(h=holding("f")),
        {"r": 1},
        functions={"f": [Answer({"r": 1})]},
    ),
    Case(
        "a token's success through ResultSelector and ResultPath",
        machine(h=holding("f", ResultSelector={"x.$": "$.r"}, ResultPath="$.h")),
        {"a": 1, "h": {"x": 1}},
        {"a": 1},
        {"f": [Answer({"r": 1})]},
    ),
    Case(
        "a token's failure is caught by its name",
        _caught(holding("f", Catch=[{"ErrorEquals": ["Mine"], "Next": "caught"}])),
        {"e": "Mine"},
        functions={"f": [Answer(failure=("Mine", "c"))]},
    ),
    Case(
        "a token's failure ends the execution",
        machine(h=holding("f")),
        Fails("Mine", "why"),
        functions={"f": [Answer(failure=("Mine", "why"))]},
        moto="drops the cause",
    ),
    Case(
        "a token's failure is retried",
        machine(h=holding("f", Retry=[{"ErrorEquals": ["Mine"], "IntervalSeconds": 1}])),
        {"r": 2},
        functions={"f": [Answer(failure=("Mine", "c")), Answer({"r": 2})]},
    ),
    Case(
        "tokens in a Map",
        machine(
            m=mapping(
                machine(h=holding("f")),
                ItemsPath="$.list",
                MaxConcurrency=2,
            )
        ),
        [{"r": 1}, {"r": 1}, {"r": 1}],
        {"list": [1, 2, 3]},
        {"f": [Answer({"r": 1})]},
    ),
    Case(
        "a token that nobody answers times out",
        _caught(holding("f", TimeoutSeconds=1, Catch=[{"ErrorEquals": ["States.Timeout"], "Next": "caught"}])),
        {"e": "States.Timeout"},
        functions={"f": [None]},
    ),
    Case(
        "States.TaskFailed does not catch a time-out",
        _caught(holding("f", TimeoutSeconds=1, Catch=[{"ErrorEquals": ["States.TaskFailed"], "Next": "caught"}])),
        Fails("States.Timeout"),
        functions={"f": [None]},
    ),
    Case(
        "a time-out by path",
        machine(
            h=holding("f", TimeoutSecondsPath="$.s", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "caught"}]),
            caught=passing(Parameters={"e.$": "$.Error"}),
        ),
        {"e": "States.Timeout"},
        {"s": 1},
        {"f": [None]},
    ),
    Case(
        "a heart that stops",
        _caught(
            holding(
                "f",
                TimeoutSeconds=100,
                HeartbeatSeconds=1,
                Catch=[{"ErrorEquals": ["States.Timeout"], "Next": "caught"}],
            )
        ),
        {"e": "States.HeartbeatTimeout"},
        functions={"f": [None]},
        moto="reports States.Timeout",
    ),
    Case(
        "the machine's time-out",
        machine(timeout=1, w=_wait(Seconds=3)),
        Fails("States.Timeout", status="TIMED_OUT"),
        moto="gives no error name",
    ),
    Case(
        "a Parallel waits for its slowest branch",
        machine(p=parallel(machine(w=_wait(Seconds=1)), machine(t=task("f", OutputPath="$.Payload")))),
        [{}, 1],
        functions={"f": [1]},
    ),
]
