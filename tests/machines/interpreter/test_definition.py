from __future__ import annotations

import json
from typing import Any

import pytest

from machines.constructs.case import machine, mapping, parallel, passing, task
from thermik.local.interpreter import InvalidDefinition
from thermik.local.interpreter.definition import load

HOLD = "arn:aws:states:::lambda:invoke.waitForTaskToken"


def _choice(rule: Any) -> dict[str, Any]:
    return {"StartAt": "c", "States": {"c": {"Type": "Choice", "Choices": [rule]}, "x": {"Type": "Succeed"}}}


def _nested(depth: int) -> dict[str, Any]:
    inner = machine(**{f"s{depth}": passing()})
    return inner if depth == 0 else machine(**{f"p{depth}": parallel(_nested(depth - 1))})


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ("{", "no JSON"),
        ("[]", "must be an object"),
        ({"States": {}}, "StartAt"),
        ({"StartAt": "a", "States": {}}, "'a', which is not there"),
        ({"StartAt": "a", "States": {"a": {"Type": "Nope"}}}, "'a'.*no type 'Nope'"),
        ({"StartAt": "a", "States": {"a": {"Type": "Pass"}}}, "exactly one of Next and End"),
        ({"StartAt": "a", "States": {"a": {"Type": "Pass", "Next": "b", "End": True}}}, "exactly one of Next and End"),
        (machine(a=passing(Next="gone")), "'a'.*'gone' is not in the same scope"),
        (machine(a=passing(Nonsense=1)), "Nonsense"),
        (machine(a=passing(Assign={"x": 1})), "Assign"),
        (machine(a=passing(QueryLanguage="JSONata")), "JSONata"),
        (machine(a=passing(InputPath="a")), "begins with"),
        (machine(a=passing(Parameters={"x.$": 1})), "x.\\$"),
        (machine(a=passing(Parameters={"x.$": "$.a", "x": 1})), "twice"),
        (machine(**{"n" * 81: passing()}), "80 characters"),
        (machine(a=parallel(machine(a=passing()))), "used twice: a"),
        (machine(a=parallel(machine(b=passing(Next="a")))), "'a' is not in the same scope"),
        (machine(a=parallel()), "Branches must not be empty"),
        (machine(a=task("f", Catch=[{"ErrorEquals": ["E"], "Next": "gone"}])), "gone"),
        (machine(a=task("f", Resource="arn:aws:states:::sqs:sendMessage")), "sqs:sendMessage.*not supported"),
        (machine(a=task("f", Parameters={"Payload": 1})), "needs FunctionName"),
        (machine(a=task("f", Parameters={"FunctionName": "f", "Qualifier": "1"})), "Qualifier"),
        (machine(a=task("f", HeartbeatSeconds=1)), "waitForTaskToken"),
        (machine(a=task("f", TimeoutSeconds=0)), "TimeoutSeconds must be a whole number of at least 1"),
        (machine(a=task("f", TimeoutSeconds=1, TimeoutSecondsPath="$.t")), "exclude each other"),
        (machine(a={"Type": "Wait"}), "exactly one of Seconds"),
        (machine(a={"Type": "Wait", "Seconds": 1, "Timestamp": "x"}), "exactly one of Seconds"),
        (machine(a={"Type": "Fail", "Error": "a", "ErrorPath": "$.e"}), "exclude each other"),
        (_choice({"Variable": "$.a", "Next": "x"}), "exactly one operator"),
        (_choice({"Variable": "$.a", "StringEquals": 1, "Next": "x"}), "StringEquals does not take 1"),
        (_choice({"Variable": "$.a", "Sounds": "like", "Next": "x"}), "'Sounds' is no choice operator"),
        (_choice({"StringEquals": "a", "Next": "x"}), "needs a Variable"),
        (_choice({"And": [], "Next": "x"}), "And takes an array"),
        (_choice({"Variable": "$.a", "IsNull": "yes", "Next": "x"}), "true or false"),
        (machine(a=mapping(machine(b=passing()), ToleratedFailureCount=1)), "DISTRIBUTED"),
        (machine(a=mapping(machine(b=passing()), ItemBatcher={})), "ItemBatcher"),
        (machine(a=mapping(machine(b=passing()), MaxConcurrency=-1)), "MaxConcurrency"),
        (machine(a=mapping(machine(b=passing()), distributed=True, ToleratedFailurePercentage=101)), "at most 100"),
        (_nested(60), "more than 50"),
        (json.dumps({**machine(a=passing()), "Comment": "x" * 1024 * 1024}), "larger than 1048576 bytes"),
    ],
)
def test_what_is_refused(definition: Any, words: str) -> None:
    with pytest.raises(InvalidDefinition, match=words):
        load(definition)


def test_the_same_definition_is_compiled_once() -> None:
    definition = machine(a=task("f"))
    assert load(definition) is load(json.dumps(definition))


def test_older_names_of_map_fields() -> None:
    older = {"Type": "Map", "Iterator": machine(b=passing()), "Parameters": {"x.$": "$$.Map.Item.Value"}}
    assert load(machine(a=older)).scope.start == "a"
