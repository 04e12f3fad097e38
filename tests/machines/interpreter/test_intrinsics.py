from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thermik.local.interpreter.calls import compile_dynamic
from thermik.local.interpreter.errors import InvalidDefinition, StateError

INPUT = {"s": "text", "n": 3, "o": {"a b": [1, {"c": "d"}]}, "brace": "{x}"}


def _evaluate(expression: str, data: Any = INPUT) -> Any:
    return compile_dynamic(expression)(data, lambda: {"State": {"Name": "state"}})


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (r"States.Format('\{\} {} it\'s \\', $.s)", "{} text it's \\"),
        ("States.Format('{}{}', $.brace, 'é')", "{x}é"),
        ("States.Format('{} {} {} {}', null, true, 1.5, $.o)", 'null true 1.5 {"a b":[1,{"c":"d"}]}'),
        ("States.Format($.s)", "text"),
        (r"States.Array('it\'s', 'a,b)', '')", ["it's", "a,b)", ""]),
        ("States.Array( $.n ,-1, 2.5 )", [3, -1, 2.5]),
        ("States.Array($.o['a b'][1].c, $$.State.Name)", ["d", "state"]),
        ("States.StringSplit('a,,b,', ',')", ["a", "b"]),
        ("States.StringSplit('abc', '')", ["abc"]),
        ("States.ArrayContains(States.Array(1, 'x'), true)", False),
        ("States.ArrayUnique(States.Array(1, true, 1, 'a', 'a'))", [1, True, "a"]),
        ("States.Hash('', 'SHA-1')", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("States.MathAdd(1.6, 1)", 3),
        ('States.JsonMerge(States.StringToJson(\'{"a":{"x":1}}\'), States.StringToJson(\'{"a":2}\'), false)', {"a": 2}),
    ],
)
def test_a_call_gives(expression: str, value: Any) -> None:
    assert _evaluate(expression) == value


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("States.Nope()", "no intrinsic function"),
        ("Nope", "neither a path"),
        ("States.Format('a' 'b')", "cannot read"),
        ("States.Format('a'", "cannot read"),
        ("States.Format('a') x", "cannot read"),
        ("States.UUID(1)", "does not take 1"),
        ("States.ArrayRange(1, 2)", "does not take 2"),
        ("States.Array(" * 11 + ")" * 11, "nested more than 10"),
    ],
)
def test_what_is_no_call(expression: str, words: str) -> None:
    with pytest.raises(InvalidDefinition, match=words):
        compile_dynamic(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "States.Format('{}')",
        "States.Format('', 1)",
        "States.Format(1)",
        "States.MathAdd('1', 2)",
        "States.ArrayRange(1, 2000, 1)",
        "States.ArrayRange(1, 2, 0)",
        "States.ArrayGetItem(States.Array(1), -1)",
        "States.Base64Decode('%')",
        "States.Hash('a', 'CRC')",
        "States.JsonMerge($.o, $.o, true)",
        "States.JsonMerge($.o, 1, false)",
        "States.MathRandom(2, 2)",
        "States.StringToJson('{')",
    ],
)
def test_a_call_fails(expression: str) -> None:
    with pytest.raises(StateError) as caught:
        _evaluate(expression)
    assert caught.value.error == "States.IntrinsicFailure"


@pytest.mark.parametrize("function", ["Base64Encode($.v)", "Base64Decode($.v)", "Hash($.v, 'MD5')"])
def test_long_texts_are_refused(function: str) -> None:
    with pytest.raises(StateError, match="longer than 10000"):
        _evaluate(f"States.{function}", {"v": "a" * 10_001})


@given(st.lists(st.integers() | st.booleans() | st.text(max_size=3), max_size=20), st.integers(1, 7))
def test_a_partition_keeps_all_items(items: list[Any], size: int) -> None:
    chunks = _evaluate(f"States.ArrayPartition($, {size})", items)
    assert [item for chunk in chunks for item in chunk] == items
    assert all(len(chunk) == size for chunk in chunks[:-1])


@given(st.lists(st.integers(0, 3) | st.booleans() | st.sampled_from(["", "0"])))
def test_unique_items_keep_their_first_order(items: list[Any]) -> None:
    texts = [json.dumps(item) for item in items]
    assert [json.dumps(item) for item in _evaluate("States.ArrayUnique($)", items)] == list(dict.fromkeys(texts))


@given(st.text(max_size=50))
def test_base64_and_json_go_both_ways(text: str) -> None:
    assert _evaluate("States.Base64Decode(States.Base64Encode($))", text) == text
    assert _evaluate("States.StringToJson(States.JsonToString($))", [text]) == [text]


@given(st.text(max_size=20))
def test_any_text_can_be_written_as_a_literal(text: str) -> None:
    quoted = "".join(f"\\{character}" if character in r"\'{}" else character for character in text)
    assert _evaluate(f"States.Array('{quoted}')") == [text]
    assert _evaluate(f"States.Format('{quoted}')") == text


@given(st.integers(-50, 50), st.integers(1, 100), st.integers())
def test_a_seeded_number_stays_the_same_and_within(start: int, span: int, seed: int) -> None:
    expression = f"States.MathRandom({start}, {start + span}, {seed})"
    assert _evaluate(expression) == _evaluate(expression)
    assert start <= _evaluate(expression) < start + span
