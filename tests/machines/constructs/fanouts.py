"""Parallel and Map."""

from __future__ import annotations

from typing import Any

from machines.constructs.case import Case, Fails, Raise, choice, machine, mapping, parallel, passing, task

BOOM = Raise("Boom")


def _one(value: Any) -> dict[str, Any]:
    return machine(**{f"s{value}": passing(Result=value)})


def _failing_item(**fields: Any) -> dict[str, Any]:
    return machine(m=mapping(machine(item=task("f", OutputPath="$.Payload")), ItemsPath="$.list", **fields))


CASES = [
    Case("branches give an array in their order", machine(p=parallel(_one(1), _one(2), _one(3))), [1, 2, 3]),
    Case(
        "each branch gets the input",
        machine(p=parallel(machine(a=passing()), machine(b=passing(OutputPath="$.x")))),
        [{"x": 1}, 1],
        {"x": 1},
    ),
    Case(
        "a Parallel's Parameters",
        machine(p=parallel(machine(a=passing()), Parameters={"y.$": "$.x"})),
        [{"y": 1}],
        {"x": 1},
    ),
    Case(
        "a Parallel's ResultSelector and ResultPath",
        machine(p=parallel(_one(1), _one(2), ResultSelector={"all.$": "$"}, ResultPath="$.r")),
        {"x": 1, "r": {"all": [1, 2]}},
        {"x": 1},
    ),
    Case("a Parallel without a result", machine(p=parallel(_one(1), ResultPath=None)), {"x": 1}, {"x": 1}),
    Case(
        "Parallel inside Parallel",
        machine(p=parallel(machine(q=parallel(_one(1), _one(2))), _one(3))),
        [[1, 2], 3],
    ),
    Case(
        "one failing branch fails the Parallel",
        machine(p=parallel(machine(t=task("f")), _one(1))),
        Fails("Boom"),
        functions={"f": [BOOM]},
    ),
    Case("map over a list", machine(m=mapping(machine(i=passing()), ItemsPath="$.list")), [1, 2], {"list": [1, 2]}),
    Case("map over the input itself", machine(m=mapping(machine(i=passing()))), [1, 2], [1, 2]),
    Case("map over nothing", machine(m=mapping(machine(i=passing()), ItemsPath="$.list")), [], {"list": []}),
    Case(
        "map with the item's index and value",
        machine(
            m=mapping(
                machine(i=passing()),
                ItemsPath="$.list",
                ItemSelector={"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "e.$": "$.e"},
            )
        ),
        [{"i": 0, "v": "a", "e": 1}, {"i": 1, "v": "b", "e": 1}],
        {"list": ["a", "b"], "e": 1},
    ),
    Case(
        "the item inside the iteration",
        machine(
            m=mapping(machine(i=passing(), j=passing(Parameters={"i.$": "$$.Map.Item.Index"})), ItemsPath="$.list")
        ),
        [{"i": 0}, {"i": 1}],
        {"list": ["a", "b"]},
    ),
    Case(
        "map with a concurrency of one",
        machine(m=mapping(machine(i=task("echo", OutputPath="$.Payload")), ItemsPath="$.list", MaxConcurrency=1)),
        [1, 2, 3],
        {"list": [1, 2, 3]},
    ),
    Case(
        "map with a concurrency by path",
        machine(
            m=mapping(
                machine(i=task("echo", OutputPath="$.Payload")), ItemsPath="$.list", MaxConcurrencyPath="$.concurrency"
            )
        ),
        [1, 2, 3],
        {"list": [1, 2, 3], "concurrency": 2},
    ),
    Case(
        "more items than run at once",
        machine(m=mapping(machine(i=task("echo", OutputPath="$.Payload")), ItemsPath="$.list", ResultPath="$.r")),
        {"list": list(range(60)), "r": list(range(60))},
        {"list": list(range(60))},
    ),
    Case(
        "a Map's ResultSelector and ResultPath",
        machine(
            m=mapping(machine(i=passing()), ItemsPath="$.list", ResultSelector={"n.$": "$[0]"}, ResultPath="$.r"),
        ),
        {"list": [5, 6], "r": {"n": 5}},
        {"list": [5, 6]},
    ),
    Case(
        "a choice in each iteration",
        machine(
            m=mapping(choice({"Variable": "$.n", "NumericGreaterThan": 1}), ItemsPath="$.list"),
        ),
        [{"answer": "no"}, {"answer": "yes"}],
        {"list": [{"n": 1}, {"n": 2}]},
    ),
    Case(
        "map inside map",
        machine(m=mapping(machine(inner=mapping(machine(i=passing()))), ItemsPath="$.list")),
        [[1, 2], [3]],
        {"list": [[1, 2], [3]]},
    ),
    Case(
        "an inner map has its own item",
        machine(
            m=mapping(
                machine(inner=mapping(machine(i=passing()), ItemSelector={"i.$": "$$.Map.Item.Index"})),
                ItemsPath="$.list",
            )
        ),
        [[{"i": 0}, {"i": 1}], [{"i": 0}]],
        {"list": [[1, 2], [3]]},
    ),
    Case(
        "one failing item fails the Map",
        _failing_item(MaxConcurrency=1),
        Fails("Boom"),
        {"list": [1, 2, 3]},
        {"f": [1, BOOM, 3]},
    ),
    Case(
        "a Map's catcher",
        machine(
            m=mapping(
                machine(item=task("f")),
                ItemsPath="$.list",
                Catch=[{"ErrorEquals": ["Boom"], "Next": "caught"}],
            ),
            ok=passing(End=True),
            caught=passing(OutputPath="$.Error", ResultPath=None, Parameters={}),
        ),
        "Boom",
        {"list": [1]},
        {"f": [BOOM]},
        moto="describes a text output without its quotes",
    ),
    Case(
        "retry a Map",
        _failing_item(MaxConcurrency=1, Retry=[{"ErrorEquals": ["Boom"], "IntervalSeconds": 1}]),
        [7, 8],
        {"list": [1, 2]},
        {"f": [1, BOOM, 7, 8]},
    ),
    Case(
        "an ItemsPath that leads to no array",
        machine(m=mapping(machine(i=passing()), ItemsPath="$.list")),
        Fails("States.Runtime"),
        {"list": {"a": 1}},
        moto="reports JSONata's States.QueryEvaluationError",
    ),
    Case(
        "distributed map over a list",
        machine(m=mapping(machine(i=task("echo", OutputPath="$.Payload")), distributed=True, ItemsPath="$.list")),
        [1, 2, 3],
        {"list": [1, 2, 3]},
    ),
    Case(
        "distributed map with selected items",
        machine(
            m=mapping(
                machine(i=passing()),
                distributed=True,
                ItemsPath="$.list",
                MaxConcurrency=2,
                ItemSelector={"i.$": "$$.Map.Item.Index"},
            )
        ),
        [{"i": 0}, {"i": 1}, {"i": 2}],
        {"list": ["a", "b", "c"]},
    ),
    Case(
        "distributed map tolerates no failure by default",
        _failing_item(distributed=True, MaxConcurrency=1),
        Fails("States.ExceedToleratedFailureThreshold"),
        {"list": [1, 2]},
        {"f": [1, BOOM]},
        moto="knows no tolerance",
    ),
    Case(
        "distributed map within its tolerated count",
        _failing_item(distributed=True, MaxConcurrency=1, ToleratedFailureCount=1),
        [1, 3],
        {"list": [1, 2, 3]},
        {"f": [1, BOOM, 3]},
        moto="knows no tolerance",
    ),
    Case(
        "distributed map within its tolerated percentage",
        _failing_item(distributed=True, MaxConcurrency=1, ToleratedFailurePercentage=50),
        [1],
        {"list": [1, 2]},
        {"f": [1, BOOM]},
        moto="knows no tolerance",
    ),
    Case(
        "distributed map beyond its tolerated count",
        _failing_item(distributed=True, MaxConcurrency=1, ToleratedFailureCount=1),
        Fails("States.ExceedToleratedFailureThreshold"),
        {"list": [1, 2, 3]},
        {"f": [BOOM, BOOM, 3]},
        moto="knows no tolerance",
    ),
    Case(
        "a result of all items that is too large",
        machine(m=mapping(machine(item=task("f", OutputPath="$.Payload")), ItemsPath="$.list", ResultPath=None)),
        Fails("States.DataLimitExceeded"),
        {"list": [1, 2, 3]},
        {"f": ["x" * 100_000]},
        moto="looks at task results only",
    ),
]
