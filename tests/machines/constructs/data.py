"""How data flows: paths, Pass, Parameters, ResultSelector, ResultPath, OutputPath, the context object."""

from __future__ import annotations

from machines.constructs.case import Case, Fails, evaluated, machine, passing, task

BOOKS = {"books": [{"n": 1, "kind": "a"}, {"n": 2, "kind": "b"}, {"n": 3, "kind": "a"}], "top": {"n": 4}}

CASES = [
    Case("pass gives its input", machine(p=passing()), {"a": 1}, {"a": 1}),
    Case("pass gives its Result", machine(p=passing(Result={"b": 2})), {"b": 2}, {"a": 1}),
    Case(
        "Result goes to ResultPath",
        machine(p=passing(Result=2, ResultPath="$.x")),
        {"a": 1, "x": 2},
        {"a": 1},
    ),
    Case(
        "ResultPath makes the objects on its way",
        machine(p=passing(Result=2, ResultPath="$.x.y.z")),
        {"x": {"k": 1, "y": {"z": 2}}},
        {"x": {"k": 1}},
    ),
    Case("ResultPath null keeps the input", machine(p=passing(Result=2, ResultPath=None)), {"a": 1}, {"a": 1}),
    Case(
        "ResultPath leaves other branches of the data alone",
        machine(one=passing(Result=9, ResultPath="$.b"), two=passing(Parameters={"kept.$": "$.a", "set.$": "$.b"})),
        {"kept": {"x": 1}, "set": 9},
        {"a": {"x": 1}, "b": 1},
    ),
    Case(
        "ResultPath into something that is no object",
        machine(p=passing(Result=2, ResultPath="$.a.b")),
        Fails("States.ResultPathMatchFailure"),
        {"a": "text"},
        moto="raises a Python error within, reported as States.Runtime",
    ),
    Case("InputPath takes a part", machine(p=passing(InputPath="$.a")), {"b": 1}, {"a": {"b": 1}}),
    Case("InputPath null is an empty object", machine(p=passing(InputPath=None)), {}, {"a": 1}),
    Case("OutputPath takes a part", machine(p=passing(OutputPath="$.a")), {"b": 1}, {"a": {"b": 1}}),
    Case("OutputPath null is an empty object", machine(p=passing(OutputPath=None)), {}, {"a": 1}),
    Case(
        "InputPath then Parameters then ResultPath into the raw input",
        machine(p=passing(InputPath="$.a", Parameters={"v.$": "$.b"}, ResultPath="$.r")),
        {"a": {"b": 1}, "r": {"v": 1}},
        {"a": {"b": 1}},
    ),
    Case("a missing path ends the execution", machine(p=passing(InputPath="$.no")), Fails("States.Runtime"), {"a": 1}),
    Case(
        "a missing path in Parameters ends the execution",
        machine(p=passing(Parameters={"v.$": "$.no"})),
        Fails("States.Runtime"),
        {"a": 1},
    ),
    Case(
        "Parameters nest, keep literals, and read only fields that end in .$",
        machine(p=passing(Parameters={"a": {"b.$": "$.x", "c": "$.x"}, "l": [1, {"d.$": "$.x"}], "n": None})),
        {"a": {"b": 7, "c": "$.x"}, "l": [1, {"d": 7}], "n": None},
        {"x": 7},
    ),
    Case("a path of names in brackets", evaluated("$['a b']['c']"), {"v": 1}, {"a b": {"c": 1}}),
    Case("an index", evaluated("$.books[1]"), {"v": {"n": 2, "kind": "b"}}, BOOKS),
    Case(
        "a field behind an index",
        evaluated("$.books[1].n"),
        {"v": 2},
        BOOKS,
        moto="gives an array of the one value",
    ),
    Case("a wildcard gives an array", evaluated("$.books[*].n"), {"v": [1, 2, 3]}, BOOKS),
    Case("a slice gives an array", evaluated("$.books[0:2].n"), {"v": [1, 2]}, BOOKS),
    Case("a filter gives an array", evaluated("$.books[?(@.kind == 'a')].n"), {"v": [1, 3]}, BOOKS),
    Case("a comparison in a filter", evaluated("$.books[?(@.n > 1)].n"), {"v": [2, 3]}, BOOKS),
    Case("descent gives an array", evaluated("$..n"), {"v": [1, 2, 3, 4]}, BOOKS),
    Case("a wildcard that finds nothing gives an empty array", evaluated("$.list[*]"), {"v": []}, {"list": []}),
    Case("a null is a value", evaluated("$.a"), {"v": None}, {"a": None}),
    Case(
        "the context object tells the state and the input",
        machine(p=passing(Parameters={"s.$": "$$.State.Name", "i.$": "$$.Execution.Input.a"})),
        {"s": "p", "i": 1},
        {"a": 1},
    ),
    Case(
        "InputPath reads the context object",
        machine(p=passing(InputPath="$$.Execution.Input.a")),
        {"b": 1},
        {"a": {"b": 1}},
    ),
    Case(
        "a task's result has Lambda's envelope",
        machine(t=task("f")),
        {"ExecutedVersion": "$LATEST", "Payload": {"r": 1}, "StatusCode": 200},
        functions={"f": [{"r": 1}]},
    ),
    Case(
        "a task's payload is what Parameters say",
        machine(t=task("echo", {"a.$": "$.a", "k": "v"}, OutputPath="$.Payload")),
        {"a": 1, "k": "v"},
        {"a": 1},
    ),
    Case(
        "ResultSelector, ResultPath and OutputPath in this order",
        machine(t=task("f", ResultSelector={"x.$": "$.Payload.r"}, ResultPath="$.t", OutputPath="$.t")),
        {"x": 1},
        {"a": 1},
        functions={"f": [{"r": 1}]},
    ),
    Case(
        "ResultSelector reads the context object",
        machine(t=task("f", ResultSelector={"s.$": "$$.State.Name"})),
        {"s": "t"},
        functions={"f": [1]},
    ),
    Case(
        "ResultPath null drops a task's result", machine(t=task("f", ResultPath=None)), {"a": 1}, {"a": 1}, {"f": [9]}
    ),
    Case(
        "a function may return null",
        machine(t=task("f", ResultSelector={"p.$": "$.Payload"})),
        {"p": None},
        functions={"f": [None]},
    ),
    Case(
        "succeed with a part",
        machine(p=passing(), s={"Type": "Succeed", "InputPath": "$.a", "OutputPath": "$.b"}),
        {"c": 1},
        {"a": {"b": {"c": 1}}},
    ),
    Case("unicode passes through", machine(t=task("echo", OutputPath="$.Payload")), {"é": "😀"}, {"é": "😀"}),
    Case(
        "a task's result that is too large",
        machine(t=task("f")),
        Fails("States.DataLimitExceeded"),
        functions={"f": ["x" * (256 * 1024 + 1)]},
    ),
    Case(
        "a task's result just below the limit",
        machine(t=task("f", ResultPath=None)),
        {},
        functions={"f": ["x" * (256 * 1024 - 2000)]},
    ),
]
