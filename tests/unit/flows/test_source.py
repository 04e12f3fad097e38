from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from thermik.flows import source
from thermik.flows.problems import InvalidFlow, Position, Problem
from thermik.flows.source import decode_source, read_source, read_value, split_documents


def refusal(text: str) -> tuple[str, Position | None]:
    with pytest.raises(InvalidFlow) as caught:
        read_source(text)
    [problem] = caught.value.problems
    return problem.message, problem.position


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("off", "off"),
        ("null", None),
        ("~", None),
        ("", None),
        ("2024-01-01", "2024-01-01"),
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
        ("12:30", "12:30"),
        ("12:30:45", "12:30:45"),
        ("010", "010"),
        ("0o10", "0o10"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("42", 42),
        ("-5", -5),
        ("+5", 5),
        ("0", 0),
        ("1.50", 1.5),
        ("-0.5", -0.5),
        ("1.0e3", 1000.0),
        ("1e3", "1e3"),
        ("1.0e999", "1.0e999"),
        (".inf", ".inf"),
        ("1" * 39, "1" * 39),
        ("'5'", "5"),
        ('"true"', "true"),
        ("!!str 5", "5"),
        ("!!int '5'", 5),
        ("!!float 5", 5.0),
        ("! 5", "5"),
    ],
)
def test_scalars_are_read_as_kestra_does(written: str, value: object) -> None:
    read = read_source(f"a: {written}").data["a"]

    assert read == value
    assert type(read) is type(value)


def test_keys_that_are_no_text_become_their_source() -> None:
    assert read_source("cases:\n  true: a\n  1: b\n  ~: c\n  1.50: d").data == {
        "cases": {"true": "a", "1": "b", "~": "c", "1.50": "d"}
    }


def test_every_value_has_its_position() -> None:
    document = read_source("id: a\ntasks:\n  - id: x\n    message: |\n      text\n  - id: y\n")

    assert document.positions[("id",)] == Position(1, 1)
    assert document.positions[("tasks", 0)] == Position(3, 5)
    assert document.positions[("tasks", 0, "message")] == Position(4, 5)
    assert document.positions[("tasks", 1, "id")] == Position(6, 5)
    assert document.position(("tasks", 1, "absent", 3)) == Position(6, 5)
    assert document.position(("nowhere",)) == Position(1, 1)


def test_every_duplicate_key_is_told_and_the_first_is_kept() -> None:
    document = read_source("a: 1\nb:\n  x.y: 1\n  x.y: 2\na: 2\n")

    assert document.data == {"a": 1, "b": {"x.y": 1}}
    assert [(found.message, found.position) for found in document.problems] == [
        ("Illegal flow yaml: Duplicate field 'x.y'", Position(4, 3)),
        ("Illegal flow yaml: Duplicate field 'a'", Position(5, 1)),
    ]


def test_anchors_and_merges_are_copied_in() -> None:
    document = read_source("a: &a {k: 1, l: [x]}\nb: {<<: *a, k: 2}\nc: *a\nd: {<<: [{m: 1}, *a], n: 0}\n")

    assert document.data["b"] == {"k": 2, "l": ["x"]}
    assert document.data["c"] == {"k": 1, "l": ["x"]}
    assert document.data["d"] == {"n": 0, "m": 1, "k": 1, "l": ["x"]}
    assert document.data["c"] is not document.data["a"]
    assert document.positions[("b", "l")] == Position(1, 14)
    assert document.problems == ()


def test_a_quoted_merge_sign_is_a_key_like_any_other() -> None:
    assert read_source("'<<': 1").data == {"<<": 1}


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("", "a flow is a mapping", 1),
        ("- a", "a flow is a mapping", 1),
        ("text", "a flow is a mapping", 1),
        ("a: [1,\nb: 2", "did not find expected", 3),
        ("a: b: c", "mapping values are not allowed", 1),
        ("\n\ta: 1", "cannot start any token", 2),
        ("a: *x", "names no anchor before it", 1),
        ("a: &x [*x]", "names no anchor before it", 1),
        ("a: 1\n---\nb: 1", "a second one begins here", 2),
        ("a: !python/object:os.system x", "is not supported", 1),
        ("a: !set {x}", "is not supported", 1),
        ("a: !!int x", "'x' is no value of the tag '!!int'", 1),
        ("a: 1\n? [b]\n: 2", "a key must be a text", 2),
        ("a: 1\n<<: text", "'<<' merges a mapping", 2),
        ("a: 1\nb: \x00", "control characters are not allowed", 2),
        ("a: \ud800", "not UTF-8", 1),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str, message: str, line: int) -> None:
    said, position = refusal(text)

    assert said.startswith("Illegal flow yaml: ")
    assert message in said
    assert position is not None
    assert position.line == line


def test_large_sources_are_refused_before_anything_is_parsed() -> None:
    said, _ = refusal("a: " + "x" * source.MAX_SOURCE_BYTES)

    assert "bytes, at most" in said


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_deep_nesting_is_refused(opening: str) -> None:
    said, _ = refusal("a:\n  " + opening * 5000)

    assert "nest" in said or "depth" in said or "levels" in said


def test_depth_counts_through_aliases() -> None:
    links = "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 200))

    assert "levels are nested" in refusal("a0: &a0 [x]\n" + links)[0]


@pytest.mark.parametrize("wrap", ["[{}]", "{{<<: [{}]}}"])
def test_a_yaml_bomb_goes_off_nowhere(wrap: str) -> None:
    levels = [f"a{n}: &a{n} " + wrap.format(",".join([f"*a{n - 1}"] * 9)) for n in range(1, 15)]

    assert "aliases expanded" in refusal("\n".join(["a0: &a0 {x: 1}", *levels]))[0]


def test_a_long_chain_of_merges_is_refused() -> None:
    links = "".join(f"a{n}: &a{n} {{<<: *a{n - 1}}}\n" for n in range(1, 2000))

    assert "merges lead to one another" in refusal("a0: &a0 {x: 1}\n" + links)[0]


def test_bytes_become_text_unchanged() -> None:
    text = "\ufeffid: a # ü\r\n"

    assert decode_source(text.encode()) == text
    assert read_source(text).data == {"id": "a"}


def test_other_encodings_are_refused() -> None:
    with pytest.raises(InvalidFlow, match="not UTF-8") as caught:
        decode_source("id: a\nname: ü".encode("latin-1"))

    assert caught.value.problems[0].position == Position(2, 1)
    with pytest.raises(InvalidFlow):
        decode_source("id: a".encode("utf-16"))


def test_documents_are_split_to_the_byte() -> None:
    text = "# first\nid: a\nnote: |\n  ---x\n--- \nid: b\n---\n# nothing\n---\nid: c"

    assert split_documents(text) == [(0, "# first\nid: a\nnote: |\n  ---x\n"), (5, "id: b\n"), (9, "id: c")]


def test_one_document_may_begin_with_a_marker() -> None:
    assert split_documents("---\nid: a\n") == [(1, "id: a\n")]
    assert read_source("---\nid: a\n").data == {"id": "a"}


def test_a_value_of_any_kind() -> None:
    assert read_value("- 1\n- a") == [1, "a"]
    assert read_value("plain") == "plain"
    assert read_value("") is None
    with pytest.raises(InvalidFlow):
        read_value("{a: 1, a: 2}")


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp", "Co")))
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(TEXTS, JSON_VALUES, max_size=5))
def test_json_is_yaml(data: dict[str, object]) -> None:
    assert read_source(json.dumps(data, ensure_ascii=False)).data == data


def outcome(written: str | bytes) -> dict[str, object] | tuple[Problem, ...]:
    """The data of a source, or what is wrong with it."""
    try:
        return read_source(decode_source(written) if isinstance(written, bytes) else written).data
    except InvalidFlow as invalid:
        return invalid.problems


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    found = outcome(text)

    assert isinstance(found, dict) or all(problem.position for problem in found)


@given(st.binary())
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    found = outcome(content)

    assert isinstance(found, dict) or found


@given(st.dictionaries(st.text("abc.-", min_size=1), st.lists(st.text()), max_size=5))
def test_what_a_yaml_writer_writes_is_read(data: dict[str, object]) -> None:
    read = read_source(yaml.safe_dump(data)) if data else read_source("{}")

    assert read.data == data
    assert set(read.positions) >= {(name,) for name in data}
