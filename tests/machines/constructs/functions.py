"""The intrinsic functions."""

from __future__ import annotations

from typing import Any

from machines.constructs.case import Case, Fails, evaluated

INPUT: dict[str, Any] = {
    "s": "text",
    "n": 3,
    "list": [1, 2, 3, 4, 5],
    "twice": [1, 1, 2, "1"],
    "o": {"a": 1, "b": [True, None]},
    "p": {"b": 2, "c": 3},
    "json": '{"a": [1, 2]}',
}


def _gives(expression: str, value: Any, moto: str = "") -> Case:
    return Case(expression, evaluated(expression), {"v": value}, INPUT, moto=moto)


def _refuses(expression: str) -> Case:
    failure = Fails("States.IntrinsicFailure")
    return Case(f"{expression} fails", evaluated(expression), failure, INPUT, moto="reports States.Runtime")


HASHED = "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1"

CASES = [
    _gives("States.Format('{} and {}', $.s, $.n)", "text and 3"),
    _gives("States.Format('none')", "none"),
    _gives(r"States.Format('it\'s {}', $.s)", "it's text", moto="cannot read an escaped quote"),
    _gives("States.Array(1, 'two', $.n, null, true)", [1, "two", 3, None, True], moto="knows no null"),
    _gives("States.Array()", []),
    _gives("States.ArrayPartition($.list, 2)", [[1, 2], [3, 4], [5]]),
    _gives("States.ArrayContains($.list, 3)", True),
    _gives("States.ArrayContains($.list, 9)", False),
    _gives("States.ArrayRange(1, 9, 2)", [1, 3, 5, 7, 9]),
    _gives("States.ArrayRange(3, 1, -1)", [3, 2, 1], moto="refuses a negative step"),
    _gives("States.ArrayGetItem($.list, 1)", 2),
    _gives("States.ArrayLength($.list)", 5),
    _gives("States.ArrayUnique($.twice)", [1, 2, "1"]),
    _gives("States.Base64Encode('Data to encode')", "RGF0YSB0byBlbmNvZGU="),
    _gives("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", "Data to encode"),
    _gives("States.Hash('text', 'SHA-256')", HASHED),
    _gives("States.Hash('text', 'MD5')", "1cb251ec0d568de6a929b520c4aed8d1"),
    _gives("States.JsonMerge($.o, $.p, false)", {"a": 1, "b": 2, "c": 3}),
    _gives("States.StringToJson($.json)", {"a": [1, 2]}),
    _gives("States.JsonToString($.o)", '{"a":1,"b":[true,null]}'),
    _gives("States.MathAdd($.n, -1)", 2),
    _gives("States.StringSplit('1,2,3', ',')", ["1", "2", "3"]),
    _gives("States.StringSplit('This.is+a,test=string', '.+,=')", ["This", "is", "a", "test", "string"]),
    _gives("States.ArrayGetItem(States.StringSplit('a|b', '|'), 1)", "b"),
    _gives("States.Format('{}', States.ArrayLength(States.Array(1, 2)))", "2"),
    _gives("States.ArrayLength(States.StringSplit(States.UUID(), '-'))", 5),
    _gives("States.MathRandom(4, 5)", 4, moto="includes the end"),
    _refuses("States.ArrayGetItem($.list, 9)"),
    _refuses("States.StringToJson($.s)"),
    _refuses("States.ArrayLength($.s)"),
    _refuses("States.ArrayPartition($.list, 0)"),
]
