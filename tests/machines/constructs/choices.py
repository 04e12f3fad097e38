"""The Choice state: its operators, and what happens where nothing fits."""

from __future__ import annotations

from typing import Any

from machines.constructs.case import Case, Fails, choice

INPUT: dict[str, Any] = {
    "s": "mango",
    "t": "melon",
    "n": 3,
    "m": 4,
    "f": 3.0,
    "yes": True,
    "null": None,
    "early": "2024-01-01T00:00:00Z",
    "late": "2024-06-01T02:00:00+02:00",
}


def _rule(variable: str, operator: str, operand: Any) -> dict[str, Any]:
    return {"Variable": f"$.{variable}", operator: operand}


def _case(name: str, rule: dict[str, Any], answer: str, moto: str = "") -> Case:
    return Case(f"choice: {name}", choice(rule), {"answer": answer}, INPUT, moto=moto)


OFFSET = "reads no timestamp with an offset"


def _both(variable: str, operator: str, holds: Any, not_holds: Any) -> list[Case]:
    moto = OFFSET if holds == "$.late" else ""
    return [
        _case(f"{operator} holds", _rule(variable, operator, holds), "yes", moto),
        _case(f"{operator} does not hold", _rule(variable, operator, not_holds), "no"),
    ]


_TABLE = [
    ("s", "StringEquals", "mango", "melon"),
    ("s", "StringEqualsPath", "$.s", "$.t"),
    ("s", "StringLessThan", "melon", "mango"),
    ("s", "StringLessThanPath", "$.t", "$.s"),
    ("s", "StringLessThanEquals", "mango", "apple"),
    ("s", "StringGreaterThan", "apple", "mango"),
    ("s", "StringGreaterThanEquals", "mango", "melon"),
    ("s", "StringMatches", "m*go", "*x*"),
    ("n", "NumericEquals", 3, 4),
    ("n", "NumericEqualsPath", "$.f", "$.m"),
    ("n", "NumericLessThan", 3.5, 3),
    ("n", "NumericLessThanEquals", 3, 2),
    ("n", "NumericGreaterThan", 2, 3),
    ("n", "NumericGreaterThanEquals", 3, 3.1),
    ("n", "NumericGreaterThanEqualsPath", "$.n", "$.m"),
    ("yes", "BooleanEquals", True, False),
    ("early", "TimestampEquals", "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
    ("early", "TimestampLessThan", "2024-01-01T00:00:01Z", "2024-01-01T00:00:00Z"),
    ("early", "TimestampLessThanPath", "$.late", "$.early"),
    ("early", "TimestampGreaterThanEquals", "2023-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
    ("null", "IsNull", True, False),
    ("n", "IsNumeric", True, False),
    ("s", "IsString", True, False),
    ("yes", "IsBoolean", True, False),
    ("early", "IsTimestamp", True, False),
    ("n", "IsPresent", True, False),
]

CASES = [
    *(case for variable, operator, holds, not_holds in _TABLE for case in _both(variable, operator, holds, not_holds)),
    _case("a boolean is no number", _rule("yes", "NumericEquals", 1), "no"),
    _case("a number is no text", _rule("n", "StringEquals", "3"), "no"),
    _case("a text is no boolean", _rule("s", "BooleanEquals", True), "no"),
    _case("a plain text is no timestamp", _rule("s", "IsTimestamp", True), "no"),
    _case("offsets of timestamps count", _rule("late", "TimestampEquals", "2024-06-01T00:00:00Z"), "yes", OFFSET),
    _case("a star for itself", _rule("s", "StringMatches", r"m\*go"), "no"),
    _case("IsPresent of what is not there", _rule("no.where", "IsPresent", False), "yes"),
    _case("null is present", _rule("null", "IsPresent", True), "yes"),
    _case("Not", {"Not": _rule("n", "NumericEquals", 4)}, "yes"),
    _case("And", {"And": [_rule("n", "NumericEquals", 3), _rule("s", "StringEquals", "melon")]}, "no"),
    _case("Or", {"Or": [_rule("n", "NumericEquals", 9), _rule("s", "StringEquals", "mango")]}, "yes"),
    _case(
        "And guards the Variable that is not there",
        {"And": [_rule("no", "IsPresent", True), _rule("no", "StringEquals", "x")]},
        "no",
    ),
    _case("the context object", {"Variable": "$$.Execution.Input.n", "NumericEquals": 3}, "yes"),
    Case(
        "choice: the first rule that holds",
        choice(_rule("n", "NumericEquals", 3), _rule("s", "StringEquals", "mango")),
        {"answer": "yes"},
        INPUT,
    ),
    Case(
        "choice: a Variable that is not there",
        choice(_rule("no", "StringEquals", "x")),
        Fails("States.Runtime"),
        INPUT,
        moto="takes it for no match",
    ),
    Case(
        "choice: nothing matches and there is no Default",
        choice(_rule("n", "NumericEquals", 9), default=None),
        Fails("States.NoChoiceMatched"),
        INPUT,
        moto="reports States.Runtime",
    ),
]
