from __future__ import annotations

import io
import re
import struct
from pathlib import Path
from typing import Any, BinaryIO

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from conftest import shared_dir
from thermik.aes_gcm import AesGcm, EncryptionError
from thermik.flows.input_values import (
    InputValues,
    InvalidInputs,
    Resolution,
    Upload,
    check_inputs,
    resolve_inputs,
    visible_inputs,
)
from thermik.flows.inputs import Input
from thermik.flows.typed_values import to_single
from unit.flows.sample import parse

KEY = AesGcm(b"k" * 32)


def declare(*inputs: dict[str, Any]) -> list[Input]:
    return parse(inputs=list(inputs)).flow.inputs


def one(kind: str, value: Any, **properties: Any) -> Any:
    """What a value becomes."""
    declared = declare({"id": "x", "type": kind, **properties})
    return resolve_inputs(declared, {"x": value}, Resolution(encryption=KEY)).values["x"]


def refused(kind: str, value: Any, **properties: Any) -> str:
    """The reason against a value."""
    with pytest.raises(InvalidInputs) as caught:
        one(kind, value, **properties)
    [problem] = caught.value.problems
    assert problem.path == "x"
    match = re.fullmatch(r"Invalid input for `x`, (.*), but received `(.*)`", problem.message, re.DOTALL)
    assert match is not None
    return match[1]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("STRING", "a", "a"),
        ("STRING", "", ""),
        ("STRING", 5, "5"),
        ("STRING", True, "true"),
        ("STRING", {"a": [1]}, '{"a":[1]}'),
        ("INT", "7", 7),
        ("INT", "-5", -5),
        ("INT", "+5", 5),
        ("INT", 7, 7),
        ("INT", "2147483647", 2147483647),
        ("FLOAT", "2", 2.0),
        ("FLOAT", "42.42", 42.42),
        ("FLOAT", "1e3", 1000.0),
        ("FLOAT", 0.1, 0.1),
        ("FLOAT", "16777217", 16777216.0),
        ("BOOLEAN", "TRUE", True),
        ("BOOLEAN", "yes", False),
        ("BOOLEAN", True, True),
        ("BOOL", "true", True),
        ("DATETIME", "2024-05-06T10:00:00+02:00", "2024-05-06T08:00:00.000Z"),
        ("DATETIME", "2024-05-06T10:00:00.256789Z", "2024-05-06T10:00:00.256Z"),
        ("DATE", "2024-02-29", "2024-02-29"),
        ("TIME", "10:30", "10:30:00"),
        ("TIME", "10:30:15.5", "10:30:15.500"),
        ("DURATION", "PT5M6S", 306.0),
        ("DURATION", "P1D", 86400.0),
        ("DURATION", 1.5, 1.5),
        ("JSON", '{"a": [1, null]}', {"a": [1, None]}),
        ("JSON", "5", 5),
        ("JSON", {"a": 1}, {"a": 1}),
        ("YAML", "a: 1\nb: [x, 2024-01-01]", {"a": 1, "b": ["x", "2024-01-01"]}),
        ("YAML", "plain", "plain"),
        ("URI", "https://kestra.io/docs?x=1#y", "https://kestra.io/docs?x=1#y"),
        ("URI", "http://a.bc:8080/x", "http://a.bc:8080/x"),
        ("EMAIL", "", ""),
        ("EMAIL", "a.b+c@d.org", "a.b+c@d.org"),
        ("FILE", "kestra:///a/b.csv", "kestra:///a/b.csv"),
    ],
)
def test_values_of_each_type(kind: str, value: Any, expected: Any) -> None:
    read = one(kind, value)

    assert read == expected
    assert type(read) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("INT", "abc", 'Expected `INT` but received `abc` with errors: For input string: "abc"'),
        ("INT", "1.5", "Expected `INT` but received `1.5`"),
        ("INT", "99999999999", "Expected `INT`"),
        ("INT", "9" * 5000, "Expected `INT`"),
        ("INT", True, "Expected `INT` but received `true`"),
        ("FLOAT", "abc", "Expected `FLOAT` but received `abc`"),
        ("FLOAT", "NaN", "Expected `FLOAT`"),
        ("FLOAT", "1e99", "Expected `FLOAT`"),
        ("DATETIME", "2024-05-06", "Expected `DATETIME`"),
        ("DATETIME", "2024-05-06T10:00:00", "Expected `DATETIME`"),
        ("DATETIME", "2024-13-06T10:00:00Z", "Expected `DATETIME`"),
        ("DATETIME", "0001-01-01T00:00:00+23:00", "Expected `DATETIME`"),
        ("DATE", "2024-02-30", "Expected `DATE` but received `2024-02-30` with errors: "),
        ("DATE", "20240230", "Expected `DATE`"),
        ("TIME", "25:00:00", "Expected `TIME`"),
        ("TIME", "8:30", "Expected `TIME`"),
        ("DURATION", "5 minutes", "Expected `DURATION`"),
        ("DURATION", "P1W", "Expected `DURATION`"),
        ("DURATION", 1e300, "Expected `DURATION`"),
        ("JSON", "{a}", "Expected `JSON`"),
        ("JSON", "NaN", "Expected `JSON`"),
        ("JSON", "[" * 100_000, "Expected `JSON`"),
        ("YAML", "a: [", "Expected `YAML`"),
        ("YAML", "a: &a [*a]", "Expected `YAML`"),
        ("URI", "http:/bla", "Expected `URI` but received `http:/bla`"),
        ("URI", "http://localhost", "Expected `URI`"),
        ("URI", "not a uri", "Expected `URI`"),
        ("URI", "www.google.com", "Expected `URI`"),
        ("URI", "kestra:///a.b", "Expected `URI`"),
        ("EMAIL", "nobody", "The input must be a valid email"),
        ("FILE", "/etc/passwd", "Expected `FILE`"),
        ("FILE", "file:///etc/passwd", "Expected `FILE`"),
    ],
)
def test_what_is_none_of_its_type(kind: str, value: Any, reason: str) -> None:
    assert refused(kind, value).startswith(reason)


@pytest.mark.parametrize(
    ("kind", "properties", "accepted", "value", "reason"),
    [
        ("STRING", {"validator": "A\\d+"}, "A1", "xA1", "it must match the pattern `A\\d+`"),
        ("INT", {"min": 10}, "10", "9", "it must be more than `10`"),
        ("INT", {"max": 20}, "20", "21", "it must be less than `20`"),
        ("FLOAT", {"min": 0.5}, "0.5", "0.1", "it must be more than `0.5`"),
        ("FLOAT", {"max": 2.5}, "2.5", "3", "it must be less than `2.5`"),
        (
            "DATETIME",
            {"after": "2020-01-01T00:00:00Z"},
            "2020-01-01T00:00:00Z",
            "2019-12-31T23:59:59Z",
            "it must be after `2020-01-01T00:00:00Z`",
        ),
        (
            "DATETIME",
            {"before": "2020-01-01T00:00:00Z"},
            "2020-01-01T01:00:00+01:00",
            "2020-01-01T00:00:01Z",
            "it must be before `2020-01-01T00:00:00Z`",
        ),
        ("DATE", {"after": "2020-01-01"}, "2020-01-01", "2019-12-31", "it must be after `2020-01-01`"),
        ("DATE", {"before": "2020-01-01"}, "2020-01-01", "2020-01-02", "it must be before `2020-01-01`"),
        ("TIME", {"after": "01:00:00"}, "01:00", "00:00:01", "it must be after `01:00`"),
        ("TIME", {"before": "11:59:59"}, "11:59:59", "14:00:00", "it must be before `11:59:59`"),
        ("DURATION", {"min": "PT10S"}, "PT10S", "PT1S", "It must be more than `PT10S`"),
        ("DURATION", {"max": "PT20M"}, "PT20M", "PT21M", "It must be less than `PT20M`"),
        ("SELECT", {"values": ["a", "b"]}, "a", "c", "it must match the values `[a, b]`"),
        ("ENUM", {"values": ["a", 1]}, "1", "c", "it must match the values `[a, 1]`"),
        ("SELECT", {"expression": "{{ ['a', 2] }}"}, "2", "c", "it must match the values `[a, 2]`"),
        ("MULTISELECT", {"values": ["a", "b"]}, '["b"]', '["a", "c"]', "it must match the values `[a, b]`"),
        ("MULTISELECT", {"values": ["a"]}, [], "a", "Expected `MULTISELECT` but received `a` with errors: .*"),
        ("ARRAY", {"itemType": "INT"}, '["4", 5]', '["s1"]', "Unable to parse array element as `INT` on `s1`"),
        ("ARRAY", {"itemType": "INT"}, "[]", "{}", "Expected `ARRAY` but received `{}` with errors: it is no list"),
        ("ARRAY", {"itemType": "DATE"}, [], ["x"], "Unable to parse array element as `DATE` on `x`"),
        (
            "SELECT",
            {"expression": "{{ 'a' }}", "required": False},
            None,
            "a",
            "its `expression` gives no list of values",
        ),
        ("SECRET", {"validator": "s.*"}, "secret", "other", "it must match the pattern `s.*`"),
    ],
)
def test_bounds_of_each_kind(kind: str, properties: dict[str, Any], accepted: Any, value: Any, reason: str) -> None:
    one(kind, accepted, **properties)

    assert re.fullmatch(re.escape(reason).replace(r"\.\*", ".*"), refused(kind, value, **properties))


def test_validators_are_javas_and_cannot_run_away() -> None:
    assert one("STRING", "éa", validator="\\p{L}+") == "éa"
    assert refused("STRING", "a\n", validator="a").startswith("it must match the pattern")
    assert "seconds" in refused("STRING", "a" * 60 + "!", validator="(a|a|aa)+")


def test_choices_are_free_where_they_are_optional_or_custom() -> None:
    assert one("SELECT", "c", values=["a"], required=False) == "c"
    assert one("SELECT", "c", values=["a"], allowCustomValue=True) == "c"
    assert one("MULTISELECT", '["c"]', values=["a"], allowCustomValue=True) == ["c"]


def test_the_first_choice_may_be_the_default() -> None:
    assert one("SELECT", None, values=["a", "b"], autoSelectFirst=True) == "a"
    assert one("MULTISELECT", None, values=["a", "b"], autoSelectFirst=True) == ["a"]


def test_every_refusal_is_told_in_declared_order_with_kestras_message() -> None:
    declared = declare({"id": "a", "type": "STRING"}, {"id": "b", "type": "INT"})

    with pytest.raises(InvalidInputs) as caught:
        resolve_inputs(declared, {"b": "x"})

    assert [problem.path for problem in caught.value.problems] == ["a", "b"]
    assert str(caught.value).startswith(
        "Invalid entity: a: Invalid input for `a`, missing required input, but received `null`\nb: Invalid input"
    )


def test_optional_ones_are_null_and_undeclared_ones_ignored() -> None:
    declared = declare({"id": "a", "type": "INT", "required": False})

    assert resolve_inputs(declared, {"extra": 1}).values == {"a": None}


def test_dots_nest() -> None:
    declared = declare(*({"id": name, "type": "STRING"} for name in ("n.a", "n.m.b", "c")))

    assert resolve_inputs(declared, {"n.a": "1", "n.m.b": "2", "c": "3"}).values == {
        "n": {"a": "1", "m": {"b": "2"}},
        "c": "3",
    }


def test_defaults_are_rendered_and_typed() -> None:
    declared = declare(
        {"id": "a", "type": "STRING", "defaults": "{{ flow.id }}-x"},
        {"id": "b", "type": "INT", "defaults": "{{ 1 + 2 }}"},
        {"id": "c", "type": "ARRAY", "itemType": "INT", "defaults": [1, "2"]},
        {"id": "d", "type": "YAML", "defaults": {"k": [1]}},
        {"id": "e", "type": "STRING", "defaults": ""},
        {"id": "f", "type": "BOOLEAN", "defaults": False},
    )

    values = resolve_inputs(declared, {}, Resolution({"flow": {"id": "f1"}})).values

    assert values == {"a": "f1-x", "b": 3, "c": [1, 2], "d": {"k": [1]}, "e": "", "f": False}


def test_a_default_that_cannot_be_rendered_refuses() -> None:
    assert "nowhere" in refused("STRING", None, defaults="{{ nowhere }}")
    assert refused("INT", None, defaults="x").startswith("Expected `INT`")


DEPENDENT = (
    {
        "id": "count",
        "type": "INT",
        "dependsOn": {"inputs": ["flag"], "condition": "{{ inputs.flag }}"},
    },
    {"id": "flag", "type": "BOOLEAN", "defaults": False},
    {"id": "more", "type": "STRING", "defaults": "m", "dependsOn": {"inputs": ["count"]}},
    {
        "id": "broken",
        "type": "STRING",
        "dependsOn": {"inputs": ["flag"], "condition": "{{ inputs.other == 'x' }}"},
    },
    {"id": "other", "type": "STRING", "defaults": "x"},
    {
        "id": "textual",
        "type": "STRING",
        "dependsOn": {"inputs": ["flag"], "condition": "true"},
    },
)


def test_inputs_that_are_not_asked_for_vanish_given_or_not() -> None:
    declared = declare(*DEPENDENT)

    assert resolve_inputs(declared, {"count": "3", "broken": "b"}).values == {"flag": False, "other": "x"}
    assert resolve_inputs(declared, {"flag": "true", "count": "3"}).values == {
        "count": 3,
        "flag": True,
        "more": "m",
        "other": "x",
    }
    with pytest.raises(InvalidInputs, match="Invalid input for `count`, missing required input"):
        resolve_inputs(declared, {"flag": "true"})


def test_expressions_of_choices_see_what_the_input_depends_on() -> None:
    declared = declare(
        {"id": "land", "type": "STRING"},
        {
            "id": "city",
            "type": "SELECT",
            "expression": "{{ inputs.land == 'fr' ? ['Paris'] : ['Rome'] }}",
            "dependsOn": {"inputs": ["land"]},
        },
    )

    assert resolve_inputs(declared, {"land": "fr", "city": "Paris"}).values["city"] == "Paris"
    with pytest.raises(InvalidInputs, match=re.escape("it must match the values `[Rome]`")):
        resolve_inputs(declared, {"land": "it", "city": "Paris"})


def test_each_inputs_own_result() -> None:
    declared = declare(*DEPENDENT, {"id": "n", "type": "INT"}, {"id": "o", "type": "STRING", "required": False})

    results = {each.input.id: each for each in check_inputs(declared, {"n": "x", "other": "y"})}

    assert results["n"].error == (
        'Invalid input for `n`, Expected `INT` but received `x` with errors: For input string: "x", but received `x`'
    )
    assert (results["flag"].value, results["flag"].is_default) == (False, True)
    assert (results["other"].value, results["other"].is_default) == ("y", False)
    assert results["count"].enabled is False
    assert (results["o"].enabled, results["o"].value, results["o"].error) == (True, None, None)


# --- secrets


def test_secrets_are_kept_encrypted_and_named_for_masking() -> None:
    declared = declare({"id": "password", "type": "SECRET"})

    found = resolve_inputs(declared, {"password": "topsecret"}, Resolution(encryption=KEY))

    assert "topsecret" not in str(found.values)
    assert found.secrets == ("topsecret",)
    assert KEY.decrypt(found.values["password"]) == "topsecret"
    visible = visible_inputs(declared, found.values, Resolution(encryption=KEY))
    assert visible == InputValues({"password": "topsecret"}, ("topsecret",))


def test_secrets_need_a_key_and_never_show_in_a_message() -> None:
    declared = declare({"id": "password", "type": "SECRET", "validator": "s.*"})

    for resolution in (Resolution(), Resolution(encryption=KEY)):
        with pytest.raises(InvalidInputs) as caught:
            resolve_inputs(declared, {"password": "topsecret"}, resolution)
        assert "topsecret" not in str(caught.value)
    with pytest.raises(InvalidInputs, match="encryption is not configured"):
        resolve_inputs(declared, {"password": "secret"})


def test_another_key_decrypts_nothing() -> None:
    with pytest.raises(EncryptionError):
        AesGcm(b"o" * 32).decrypt(KEY.encrypt("x"))
    with pytest.raises(EncryptionError):
        KEY.decrypt("no base64!")
    with pytest.raises(EncryptionError):
        AesGcm.from_base64("c2hvcnQ=")
    with pytest.raises(EncryptionError):
        AesGcm.from_base64("?")


@given(st.text(), st.sampled_from([16, 24, 32]))
def test_what_was_encrypted_is_decrypted(text: str, size: int) -> None:
    key = AesGcm(bytes(range(size)))

    assert key.decrypt(key.encrypt(text)) == text
    assert key.encrypt(text) != key.encrypt(text)
    assert repr(key.key) not in repr(key)


# --- files


class Files:
    """Keeps what is stored."""

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}

    def __call__(self, input_id: str, name: str, stream: BinaryIO) -> str:
        uri = f"kestra:///e/inputs/{input_id}/{name}"
        self.stored[uri] = stream.read()
        return uri


def test_files_are_stored_under_their_inputs_name() -> None:
    files = Files()
    declared = declare(
        {"id": "data", "type": "FILE", "extension": ".csv"}, {"id": "f", "type": "FILE", "required": False}
    )

    values = resolve_inputs(declared, {"data": Upload(io.BytesIO(b"a,b"), "x.csv")}, files=files).values

    assert values == {"data": "kestra:///e/inputs/data/data.csv", "f": None}
    assert files.stored == {"kestra:///e/inputs/data/data.csv": b"a,b"}


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (Upload(io.BytesIO(b"x"), "orders.CSV"), "kestra:///e/inputs/data/data.csv"),
        (Upload(io.BytesIO(b"x"), "orders.xml.json"), "kestra:///e/inputs/data/data.json"),
        ("kestra:///some/where/else.csv", "kestra:///some/where/else.csv"),
        ("nsfile:///a.JSON", "nsfile:///a.JSON"),
    ],
)
def test_files_with_an_allowed_ending_are_accepted(given: Any, value: str) -> None:
    declared = declare({"id": "data", "type": "FILE", "allowedFileExtensions": [".csv", ".Json"]})
    assert resolve_inputs(declared, {"data": given}, files=Files()).values == {"data": value}


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (Upload(io.BytesIO(b"x"), "orders.xml"), "orders.xml"),
        (Upload(io.BytesIO(b"x"), ""), "a file"),
        (Upload(io.BytesIO(b"x"), "csv"), "csv"),
        ("kestra:///some/where/else.xml", "kestra:///some/where/else.xml"),
    ],
)
def test_files_with_another_ending_are_refused(given: Any, shown: str) -> None:
    declared = declare({"id": "data", "type": "FILE", "allowedFileExtensions": [".csv", ".json"]})
    files = Files()
    with pytest.raises(InvalidInputs) as refused:
        resolve_inputs(declared, {"data": given}, files=files)
    assert [problem.message for problem in refused.value.problems] == [
        f"Invalid input for `data`, File type not allowed. Accepted extensions: .csv, .json, but received `{shown}`"
    ]
    assert files.stored == {}


def test_an_empty_list_of_endings_allows_all() -> None:
    declared = declare({"id": "data", "type": "FILE", "allowedFileExtensions": []})
    given = {"data": Upload(io.BytesIO(b"x"), "a.xml")}
    assert resolve_inputs(declared, given, files=Files()).values == {"data": "kestra:///e/inputs/data/data.upl"}


def test_files_are_streamed_from_unseekable_streams_too(tmp_path: Path) -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.left = [b"one", b"two"]

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            part = self.left.pop(0) if self.left else b""
            buffer[: len(part)] = part
            return len(part)

    files = Files()

    resolve_inputs(declare({"id": "d", "type": "FILE"}), {"d": Upload(io.BufferedReader(Pipe()))}, files=files)

    assert files.stored == {"kestra:///e/inputs/d/d.upl": b"onetwo"}


def test_nothing_is_stored_where_anything_is_refused() -> None:
    files = Files()
    declared = declare({"id": "d", "type": "FILE"}, {"id": "n", "type": "INT"})

    with pytest.raises(InvalidInputs):
        resolve_inputs(declared, {"d": Upload(io.BytesIO(b"x"))}, files=files)

    assert files.stored == {}


@pytest.mark.parametrize(
    ("kind", "content", "reason"),
    [("FILE", b"", "the file is empty"), ("STRING", b"x", "a file was sent, and the input is no FILE")],
)
def test_files_that_are_refused(kind: str, content: bytes, reason: str) -> None:
    with pytest.raises(InvalidInputs, match=reason):
        resolve_inputs(declare({"id": "d", "type": kind}), {"d": Upload(io.BytesIO(content), "a")}, files=Files())


def test_files_need_a_place() -> None:
    with pytest.raises(InvalidInputs, match="files cannot be uploaded here"):
        resolve_inputs(declare({"id": "d", "type": "FILE"}), {"d": Upload(io.BytesIO(b"x"))})


def test_a_text_cannot_pass_for_an_upload() -> None:
    text = "kestra:///pending/d"

    assert resolve_inputs(declare({"id": "d", "type": "FILE"}), {"d": text}).values == {"d": text}


# --- what expressions see


def test_defaults_show_where_an_execution_lacks_the_input() -> None:
    declared = declare(
        {"id": "a", "type": "INT", "defaults": 5},
        {"id": "b.c", "type": "STRING", "defaults": "x"},
        {"id": "d", "type": "STRING", "defaults": "{{ nowhere }}"},
        {"id": "e", "type": "STRING"},
        {"id": "f", "type": "STRING", "defaults": "unused", "required": False},
        {"id": "g", "type": "SECRET", "defaults": "hush"},
    )

    visible = visible_inputs(declared, {"b": {"z": 1}, "f": None}, Resolution(encryption=KEY))

    assert visible == InputValues({"a": 5, "b": {"z": 1, "c": "x"}, "f": None, "g": "hush"}, ("hush",))


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_floats_keep_their_bits_in_few_digits(number: float) -> None:
    assert to_single(to_single(number)) == to_single(number)
    assert struct.pack("f", to_single(number)) == struct.pack("f", number)


# --- conformance


def _runs() -> list[Any]:
    shared = shared_dir()
    if shared is None:
        return []
    flows = {path.stem: path for path in (shared / "conformance" / "flows").iterdir()}
    found = []
    for path in sorted((shared / "conformance" / "cases").glob("input*.yaml")):
        for number, step in enumerate(yaml.safe_load(path.read_text())["steps"]):
            text = flows[step["run"]["flow"]].read_text()
            found.append(pytest.param(text, step, id=f"{path.stem}-{number}"))
    return found


def _matches(expected: Any, value: Any) -> bool:
    if isinstance(expected, dict):
        return isinstance(value, dict) and all(_matches(inner, value.get(name)) for name, inner in expected.items())
    if isinstance(expected, str) and expected.startswith("~"):
        return isinstance(value, str) and re.search(expected[1:], value) is not None
    return bool(expected == value)


@pytest.mark.skipif(shared_dir() is None, reason="the conformance cases are not here")
@pytest.mark.parametrize(("text", "step"), _runs())
def test_conformance_runs(text: str, step: dict[str, Any]) -> None:
    data = yaml.load(text, Loader=yaml.BaseLoader)
    data["tasks"] = []
    declared = parse(
        yaml.safe_dump({"id": "i", "namespace": "n", "inputs": data["inputs"], "tasks": [TASK]})
    ).flow.inputs
    run = step["run"]
    uploads = {name: Upload(io.BytesIO(content.encode())) for name, content in run.get("files", {}).items()}

    def store(input_id: str, name: str, stream: BinaryIO) -> str:
        return f"kestra:///io/kestra/tests/{run['flow']}/executions/1/inputs/{input_id}/{name}"

    given = {**run.get("inputs", {}), **uploads}
    if step.get("status") == 422:
        with pytest.raises(InvalidInputs) as caught:
            resolve_inputs(declared, given, Resolution(encryption=KEY), files=store)
        assert step["message_contains"] in str(caught.value)
        return
    values = resolve_inputs(declared, given, Resolution(encryption=KEY), files=store).values
    assert _matches(step["expect"].get("inputs", {}), values), values


TASK = {"id": "t", "type": "io.kestra.plugin.core.log.Log", "message": "m"}
