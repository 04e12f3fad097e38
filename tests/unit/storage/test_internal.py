from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thermik.storage.errors import InvalidKey
from thermik.storage.internal import (
    ExecutionFiles,
    execution_of,
    key_of,
    namespace_file_uri,
    namespace_files_prefix,
    slug,
    uri_of,
)

FILES = ExecutionFiles("io.kestra.tests", "My_flow", "5cBZ1JF8kim8fbFg13bumX")
PLACE = "io/kestra/tests/my-flow/executions/5cBZ1JF8kim8fbFg13bumX"


def test_uris_are_those_of_kestra() -> None:
    assert FILES.prefix == f"{PLACE}/"
    assert FILES.input_uri("data", "orders.csv") == f"kestra:///{PLACE}/inputs/data/orders.csv"
    assert FILES.task_uri("each_split", "RUN", "out.txt") == f"kestra:///{PLACE}/tasks/each-split/RUN/out.txt"
    assert namespace_file_uri("my.namespace", "test") == "kestra:///my/namespace/_files/test"
    assert namespace_file_uri("my.namespace", "/dir/test") == "kestra:///my/namespace/_files/dir/test"


def test_every_file_of_an_execution_lies_below_its_prefix() -> None:
    uris = [FILES.input_uri("i", "f"), FILES.task_uri("t", "r", "dir/f"), FILES.value_uri("r", "stdout")]
    assert all(key_of(uri).startswith(FILES.prefix) for uri in uris)
    assert [execution_of(uri) for uri in uris] == [FILES.execution_id] * 3
    assert all(FILES.holds(uri) for uri in uris)
    assert not any(ExecutionFiles("io.kestra.tests", "My_flow", "5cBZ").holds(uri) for uri in uris)


def test_a_value_cannot_be_mistaken_for_a_file_of_the_task_run() -> None:
    assert FILES.value_uri("r", "out") != FILES.task_uri("values", "r", "out")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("flow", "flow"),
        ("each_split", "each-split"),
        ("Héllo Wörld_x", "hello-world-x"),
        ("A  B__C--D", "a-b-c-d"),
        ("v1.2", "v12"),
        ("_x_", "x"),
    ],
)
def test_slug(text: str, expected: str) -> None:
    assert slug(text) == expected


@given(st.text(min_size=1, max_size=40))
def test_a_uri_is_its_key_encoded(name: str) -> None:
    key = f"a/b c/{name}"
    try:
        uri = uri_of(key)
    except InvalidKey:
        with pytest.raises(InvalidKey):
            key_of(f"kestra:///{key}")
        return
    assert uri.isascii()
    assert not set(uri) & set(' "<>\\^`{|}\n\t?#')
    assert key_of(uri) == key


def test_a_uri_may_come_unencoded() -> None:
    assert key_of("kestra:///a/b c/é.txt") == "a/b c/é.txt"
    assert key_of("kestra:///a/100%25.txt") == "a/100%.txt"


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "a/b",
        "file:///etc/passwd",
        "s3://bucket/key",
        "kestra://a/b",
        "kestra:/a/b",
        "KESTRA:///a",
        "kestra:///",
        "kestra:////a",
        "kestra:///a/../b",
        "kestra:///a/%2e%2e/b",
        "kestra:///a/%2E./b",
        "kestra:///..%2f..%2fetc",
        "kestra:///%2fetc/passwd",
        "kestra:///a//b",
        "kestra:///a/",
        "kestra:///a/./b",
        "kestra:///a%00b",
        "kestra:///a%",
        "kestra:///a%zz",
        "kestra:///a%ff",
        "kestra:///a?b",
        "kestra:///a#b",
        "kestra:///a/\ud800",
        "kestra:///" + "a/" * 600 + "a",
        "kestra:///" + "a" * 9000,
    ],
)
def test_what_is_no_uri_of_internal_storage(uri: str) -> None:
    with pytest.raises(InvalidKey):
        key_of(uri)
    with pytest.raises(InvalidKey):
        execution_of(uri)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("ns/f/executions/MINE/inputs/i/f", "MINE"),
        ("a/b/c/f/executions/MINE/tasks/t/r/f", "MINE"),
        ("executions/f/executions/MINE/tasks/t/r/f", "MINE"),
        ("a/executions/b/tasks/f/executions/MINE/tasks/t/r/f", "MINE"),
        ("ns/f/executions/MINE/tasks/t/r/executions/OTHER/tasks/t/r/f", "MINE"),
        ("ns/f/executions/MINE/tasks/t/r/x/f/executions/OTHER/inputs/i/f", "MINE"),
        ("ns/f/executions/MINE/inputs/i", "MINE"),
        ("ns/f/executions/MINE/inputs", None),
        ("ns/f/executions/MINE", None),
        ("ns/f/executions/MINE/else/x", None),
        ("ns/_files/executions/MINE/tasks/t/r/f", None),
        ("ns/_files/f/executions/MINE/tasks/t/r/f", None),
        ("ns/f/x", None),
    ],
)
def test_to_which_execution_a_file_belongs(path: str, expected: str | None) -> None:
    assert execution_of(f"kestra:///{path}") == expected


@pytest.mark.parametrize(
    "files",
    [
        ExecutionFiles("a..b", "f", "e"),
        ExecutionFiles("", "f", "e"),
        ExecutionFiles("a/b", "f", "e"),
        ExecutionFiles("a._files", "f", "e"),
        ExecutionFiles("a", "_", "e"),
        ExecutionFiles("a", "f", ""),
        ExecutionFiles("a", "f", ".."),
        ExecutionFiles("a", "f", "e/f"),
    ],
)
def test_ids_that_cannot_be_part_of_a_path(files: ExecutionFiles) -> None:
    with pytest.raises(InvalidKey):
        _ = files.prefix


def test_names_that_cannot_be_part_of_a_path() -> None:
    for build in (
        lambda: FILES.input_uri("i", "a/b"),
        lambda: FILES.input_uri("..", "f"),
        lambda: FILES.input_uri("i", ""),
        lambda: FILES.input_uri("i", "x" * 256),
        lambda: FILES.task_uri("t", "r", "../x"),
        lambda: FILES.task_uri("t", "r", "/x"),
        lambda: FILES.task_uri("t", "a/b", "x"),
        lambda: FILES.value_uri("r", "a/b"),
        lambda: namespace_file_uri("ns", "../x"),
        lambda: namespace_file_uri("ns", ""),
        lambda: namespace_file_uri("ns", "//x"),
        lambda: namespace_files_prefix("a._files"),
    ):
        with pytest.raises(InvalidKey):
            build()
