"""The storage family, on files in memory."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from thermik.expressions import ExpressionError
from thermik.tasks.runnable import TaskFailure, TaskInterrupted
from thermik.tasks.storage import rows, splitting
from thermik.tasks.storage.reverse import backwards
from thermik.tasks.storage.splitting import parse_size
from unit.tasks.fake_context import FakeContext, make, outputs_of

FILE = "kestra:///company/team/orders/executions/1/inputs/file/file.txt"


def _run(context: FakeContext, kind: str, **properties: Any) -> dict[str, Any]:
    return outputs_of(make(f"core.storage.{kind}", **properties), context)


def _split(context: FakeContext, content: bytes, **how: Any) -> list[str]:
    context.files[FILE] = content
    uris = _run(context, "Split", **{"from": FILE}, **how)["uris"]
    assert all(uri.endswith(".txt") for uri in uris)
    return [context.text(uri) for uri in uris]


TWENTY = b"".join(b"line-%02d\n" % number for number in range(20))


@pytest.mark.parametrize(
    ("how", "rows_in_files"),
    [
        ({"rows": 6}, [6, 6, 6, 2]),
        ({"rows": 100}, [20]),
        ({"partitions": 8}, [3, 3, 3, 3, 2, 2, 2, 2]),
        ({"partitions": 30}, [1] * 20),
        ({"bytes": "30"}, [4, 4, 4, 4, 4]),
        ({"bytes": "1KB"}, [20]),
        ({"bytes": "16", "rows": 1}, [2] * 10),
        ({"regexPattern": r"line-(\d)"}, [10, 10]),
        ({"regexPattern": r"line-\d([13])"}, [2, 2]),
        ({"rows": "{{ 4 + 6 }}"}, [10, 10]),
    ],
)
def test_split_loses_nothing_and_cuts_no_row(
    context: FakeContext, how: dict[str, Any], rows_in_files: list[int]
) -> None:
    parts = _split(context, TWENTY, **how)
    assert [part.count("\n") for part in parts] == rows_in_files
    lines = [line for part in parts for line in part.splitlines()]
    assert len(set(lines)) == len(lines) == sum(rows_in_files)
    assert set(lines) <= set(TWENTY.decode().splitlines())


def test_split_writes_its_separator_after_each_row(context: FakeContext) -> None:
    assert _split(context, b"a\r\nb\nc", rows=2, separator="; ") == ["a; b; ", "c; "]
    assert _split(context, b"", rows=2) == []


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"bytes": "many"}, "'many' is no size"),
        ({"partitions": 501}, "at most 500"),
        ({"regexPattern": "("}, "not well-formed"),
        ({"regexPattern": "a"}, "needs a group"),
    ],
)
def test_split_refuses_what_makes_no_sense(context: FakeContext, how: dict[str, Any], message: str) -> None:
    with pytest.raises(TaskFailure, match=message):
        _split(context, TWENTY, **how)


@pytest.mark.parametrize("how", [{}, {"rows": 0}, {"partitions": -1}])
def test_split_needs_to_know_how(how: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make("core.storage.Split", **{"from": FILE}, **how)


def test_split_by_pattern_bounds_the_number_of_files(context: FakeContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "MAX_OPEN", 3)
    with pytest.raises(TaskFailure, match="more than 3 different values"):
        _split(context, TWENTY, regexPattern="(.*)")


@pytest.mark.parametrize(("text", "size"), [("7", 7), ("10KB", 10240), ("2mb", 2 << 20), ("1G", 1 << 30), (" 3 b ", 3)])
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


def test_a_row_without_an_end_is_refused_before_it_fills_the_memory(
    context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "MAX_ROW_BYTES", 5)
    assert list(rows.rows(context, BytesIO(b"12345\n"))) == [b"12345"]
    with pytest.raises(TaskFailure, match="Row 2 is longer than 5 bytes"):
        list(rows.rows(context, BytesIO(b"1\n1234567\n")))


def test_rows_stop_when_the_attempt_must(context: FakeContext) -> None:
    context.interrupt()
    with pytest.raises(TaskInterrupted):
        _split(context, TWENTY, rows=1)


@pytest.mark.parametrize("files", [[FILE, "{{ inputs.file }}"], '["{{ inputs.file }}", "{{ inputs.file }}"]'])
def test_concat_writes_the_separator_after_each_file(context: FakeContext, files: Any) -> None:
    context.files[FILE] = b"1\n2\n"
    context.variables["inputs"] = {"file": FILE}
    uri = _run(context, "Concat", files=files, separator="\n", extension=".yml")["uri"]
    assert context.text(uri) == "1\n2\n\n1\n2\n\n"
    assert uri.endswith(".yml")


def test_concat_without_a_separator(context: FakeContext) -> None:
    context.files[FILE] = b"1"
    uri = _run(context, "Concat", files=[FILE, FILE])["uri"]
    assert (context.text(uri), uri[-4:]) == ("11", ".tmp")


@pytest.mark.parametrize("files", ["{{ flow.id }}", '{"a": "b"}'])
def test_concat_refuses_a_text_that_is_no_list(context: FakeContext, files: str) -> None:
    with pytest.raises(TaskFailure, match="files must be a list"):
        _run(context, "Concat", files=files)


def test_delete_says_whether_there_was_a_file(context: FakeContext) -> None:
    context.files[FILE] = b""
    assert _run(context, "Delete", uri=FILE) == {"uri": FILE, "deleted": True}
    assert _run(context, "Delete", uri=FILE) == {"uri": FILE, "deleted": False}
    with pytest.raises(TaskFailure, match="Unable to find file 'kestra:///"):
        _run(context, "Delete", uri=FILE, errorOnMissing=True)


def test_size_and_write(context: FakeContext) -> None:
    uri = _run(context, "Write", content="é {{ flow.id }}", extension=".txt")["uri"]
    assert context.text(uri) == "é orders"
    assert uri.endswith(".txt")
    assert _run(context, "Size", uri=uri) == {"size": 9}


def test_reverse(context: FakeContext) -> None:
    context.files[FILE] = b"1\n2\n3\n"
    assert context.text(_run(context, "Reverse", **{"from": FILE})["uri"]) == "3\n2\n1\n"
    assert context.text(_run(context, "Reverse", **{"from": FILE}, separator="|")["uri"]) == "3|2|1|"


@pytest.mark.parametrize(("charset", "separator"), [("utf-16", "\n"), ("no-such", "\n"), ("ascii", "é")])
def test_reverse_refuses_other_charsets(context: FakeContext, charset: str, separator: str) -> None:
    context.files[FILE] = b"1\n"
    with pytest.raises(TaskFailure, match="charset"):
        _run(context, "Reverse", **{"from": FILE}, charset=charset, separator=separator)


@given(st.lists(st.sampled_from([b"", b"a", b"bcd", b"\r", b"e" * 9])), st.booleans(), st.integers(1, 7))
def test_backwards_gives_the_lines_of_forwards(lines: list[bytes], ended: bool, block: int) -> None:
    content = b"\n".join(lines) + (b"\n" if ended and lines else b"")
    forwards = [line.removesuffix(b"\n").removesuffix(b"\r") for line in BytesIO(content)]
    assert list(backwards(BytesIO(content), block)) == forwards[::-1]


ITEMS = b"""{"key":"k1","value":"v1"}
{"key":"k2","value":"v1"}
{"key":"k1","value":"v2"}
{key: "k2", value: null}
"""


def test_deduplicate_keeps_the_last_of_each_key_in_its_place(context: FakeContext) -> None:
    context.files[FILE] = ITEMS
    outputs = _run(context, "DeduplicateItems", **{"from": FILE}, expr=" {{ key }} ")
    assert context.text(outputs.pop("uri")) == "".join(ITEMS.decode().splitlines(keepends=True)[2:])
    assert outputs == {"numKeys": 2, "processedItemsTotal": 4, "droppedItemsTotal": 2}


@pytest.mark.parametrize("content", [b"[1]\n", b"nonsense {\n", b"5\n", b"\n"])
def test_rows_that_are_no_objects_fail(context: FakeContext, content: bytes) -> None:
    context.files[FILE] = content
    with pytest.raises(TaskFailure, match="must be a JSON or Ion object"):
        _run(context, "DeduplicateItems", **{"from": FILE}, expr="{{ key }}")


@pytest.mark.parametrize(
    ("properties", "kept"),
    [
        ({"filterCondition": "{{ n > 1 }}"}, [2, 3]),
        ({"filterCondition": "{{ n > 1 }}", "filterType": "EXCLUDE"}, [1]),
        ({"filterCondition": " {{ n - 1 }} "}, [2, 3]),
        ({"filterCondition": "{{ other == 'x' }}", "errorOrNullBehavior": "INCLUDE"}, [1, 2, 3]),
        ({"filterCondition": "{{ other == 'x' }}", "errorOrNullBehavior": "EXCLUDE"}, [2]),
    ],
)
def test_filter(context: FakeContext, properties: dict[str, Any], kept: list[int]) -> None:
    rows_ = ['{"n":1}', '{"n":2,"other":"x"}', '{"n":3}']
    if properties.get("errorOrNullBehavior") == "EXCLUDE":
        assert kept == [2]
    context.files[FILE] = "\n".join(rows_).encode()
    outputs = _run(context, "FilterItems", **{"from": FILE}, **properties)
    assert context.text(outputs.pop("uri")) == "".join(f"{rows_[n - 1]}\n" for n in kept)
    assert outputs == {"processedItemsTotal": 3, "droppedItemsTotal": 3 - len(kept)}


def test_filter_fails_by_default_where_the_condition_cannot_be_rendered(context: FakeContext) -> None:
    context.files[FILE] = b'{"n":1}\n'
    with pytest.raises(ExpressionError, match="other"):
        _run(context, "FilterItems", **{"from": FILE}, filterCondition="{{ other }}")


@pytest.mark.parametrize("as_json", [False, True])
def test_local_files_writes_and_keeps(context: FakeContext, as_json: bool) -> None:
    context.files[FILE] = b"stored"
    inputs: Any = {"test/hello.txt": "Hello {{ flow.id }}", "test/sub/copy.txt": FILE, "other.txt": "x"}
    if as_json:
        inputs = json.dumps(inputs)
    uris = _run(context, "LocalFiles", inputs=inputs, outputs=["test/**"])["uris"]
    assert {name: context.text(uri) for name, uri in uris.items()} == {
        "test/hello.txt": "Hello orders",
        "test/sub/copy.txt": "stored",
    }
    assert (context.directory / "other.txt").read_text() == "x"


def test_local_files_without_outputs_keeps_nothing(context: FakeContext) -> None:
    assert _run(context, "LocalFiles", inputs={"a": "b"}) == {"uris": {}}


@pytest.mark.parametrize("inputs", ["{{ flow.id }}", "[1]"])
def test_local_files_refuses_a_text_that_is_no_map(context: FakeContext, inputs: str) -> None:
    with pytest.raises(TaskFailure, match="inputs must be a"):
        _run(context, "LocalFiles", inputs=inputs)
