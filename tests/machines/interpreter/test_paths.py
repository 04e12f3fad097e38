from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thermik.local.interpreter.errors import InvalidDefinition, StateError
from thermik.local.interpreter.paths import PathNotFound, compile_path, compile_reference, compile_setter

DATA = {
    "a": {"b": [10, 20, {"c": "d"}], "with space": 1, "it's": 2, "x-y": 3, "ü": 4},
    "list": [{"n": 1, "t": "x"}, {"n": 2}, {"n": 3, "t": "y", "deep": {"n": 4}}],
}


def _get(path: str) -> Any:
    return compile_path(path).get(DATA, lambda: {"Execution": {"Name": "e"}})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", DATA),
        ("$.a.b[0]", 10),
        ("$.a.b[-1].c", "d"),
        ("$['a']['with space']", 1),
        ('$["a"].x-y', 3),
        (r"$.a['it\'s']", 2),
        ("$.a.ü", 4),
        ("$$.Execution.Name", "e"),
        ("$.list[*].n", [1, 2, 3]),
        ("$.list[0,2].n", [1, 3]),
        ("$.list[1:].n", [2, 3]),
        ("$.list[::2].n", [1, 3]),
        ("$.a['x-y','ü']", [3, 4]),
        ("$.list[*].t", ["x", "y"]),
        ("$..n", [1, 2, 3, 4]),
        ("$.list..deep.n", [4]),
        ("$.a.b.*", [10, 20, {"c": "d"}]),
        ("$.list[?(@.t)].n", [1, 3]),
        ("$.list[?(!@.t)].n", [2]),
        ("$.list[?(@.n >= 2 && @.t == 'y')].n", [3]),
        ("$.list[?(@.n == 1 || (@.n == 2))].n", [1, 2]),
        ("$.list[?(@.t != 'x')].n", [2, 3]),
        ("$.list[?(@.n < 'text')].n", []),
        ("$.list[?(@.deep.n == 4)].n", [3]),
    ],
)
def test_a_path_finds(path: str, value: Any) -> None:
    assert _get(path) == value


@pytest.mark.parametrize("path", ["$.no", "$.a.no", "$.a.b[9]", "$.a.b.c", "$.list.n", "$.a[0]", "$.no[*]", "$$.Task"])
def test_a_definite_path_that_leads_nowhere(path: str) -> None:
    with pytest.raises(StateError, match="could not be found") as caught:
        _get(path)
    assert caught.value.error == "States.Runtime"


@pytest.mark.parametrize(
    "path",
    ["a.b", "", "$.", "$.a.", "$.a..", "$[", "$.a[x]", "$['a]", "$a", "$.list[?(@.n", "$.list[?(@.n ==)]", "$. a"],
)
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(InvalidDefinition):
        compile_path(path)


@pytest.mark.parametrize("path", ["$.a[*]", "$..a", "$.a[0:1]", "$.a[?(@.b)]", "$.a[0,1]"])
def test_a_reference_names_one_place(path: str) -> None:
    with pytest.raises(InvalidDefinition, match="reference path"):
        compile_reference(path)


def test_the_context_object_cannot_be_written() -> None:
    with pytest.raises(InvalidDefinition, match="context object"):
        compile_setter("$$.State.Name")


@pytest.mark.parametrize(("path", "data"), [("$.a", [1]), ("$.a", None), ("$.a.b", {"a": 1}), ("$.a[2]", {"a": [1]})])
def test_no_place_for_the_result(path: str, data: Any) -> None:
    with pytest.raises(StateError) as caught:
        compile_setter(path)(data, 1)
    assert caught.value.error == "States.ResultPathMatchFailure"


def test_a_result_takes_the_place_of_an_item() -> None:
    assert compile_setter("$.a[1].x")({"a": [1, {"y": 2}]}, 3) == {"a": [1, {"y": 2, "x": 3}]}


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=10,
)
_objects = st.dictionaries(st.text("abc", min_size=1, max_size=2), _json, max_size=4)


@given(_objects, st.lists(st.text("abc", min_size=1, max_size=2), min_size=1, max_size=4), _json)
def test_what_is_put_is_found_and_the_input_stays(data: dict[str, Any], names: list[str], result: Any) -> None:
    before = copy.deepcopy(data)
    path = "$." + ".".join(names)
    try:
        whole = compile_setter(path)(data, result)
    except StateError:  # a scalar stands in the way
        pass
    else:
        assert compile_path(path).lookup(whole, dict) == result
        assert {key: whole[key] for key in before if key != names[0]} == {
            key: before[key] for key in before if key != names[0]
        }
    assert data == before


@given(_json)
def test_a_path_ends_in_a_value_or_says_that_there_is_none(data: Any) -> None:
    for path in ("$.a.b", "$.a[0]", "$..a", "$.*", "$[*].a", "$.a[?(@.b == 1)]"):
        try:
            compile_path(path).lookup(data, dict)
        except PathNotFound:
            assert path not in {"$..a", "$.*", "$[*].a"}
