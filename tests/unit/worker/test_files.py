"""Whose file is it: what an execution may read, by URI."""

from __future__ import annotations

import pytest

from thermik.storage import internal
from thermik.storage.errors import InvalidKey
from thermik.worker.files import FileRefused, readable_key
from unit.executions.made import execution

OWN = internal.ExecutionFiles("company.team", "sample", "mine")
STARTER = internal.ExecutionFiles("other.team", "parent", "starter")
STRANGER = internal.ExecutionFiles("company.team", "sample", "stranger")
ME = execution(id="mine", started_by="starter")


@pytest.mark.parametrize(
    "uri",
    [
        OWN.task_uri("task", "run", "a/b.csv"),
        OWN.value_uri("run", "0.json"),
        STARTER.task_uri("task", "run", "a.csv"),
        internal.namespace_file_uri("company.team", "scripts/a.py"),
        "nsfile:///scripts/a.py",
    ],
)
def test_its_own_files_its_starters_and_its_namespaces(uri: str) -> None:
    assert readable_key(ME, uri)


def test_a_namespace_file_by_its_short_name_is_the_same() -> None:
    assert readable_key(ME, "nsfile:///a.py") == readable_key(ME, internal.namespace_file_uri("company.team", "a.py"))


def test_a_short_name_is_taken_as_it_is_written() -> None:
    assert readable_key(ME, "nsfile:///%2e%2e/x").endswith("/%2e%2e/x")


@pytest.mark.parametrize(
    "uri",
    [
        STRANGER.task_uri("task", "run", "a.csv"),
        internal.namespace_file_uri("other.team", "a.py"),
        internal.namespace_file_uri("company.teams", "a.py"),
        internal.namespace_file_uri("company", "a.py"),
        internal.namespace_file_uri("company.team.sub", "a.py"),
        internal.uri_of("somewhere/else.txt"),
    ],
)
def test_nobody_elses(uri: str) -> None:
    with pytest.raises(FileRefused, match="Unable to read the file"):
        readable_key(ME, uri)


def test_without_a_starter_the_starters_are_nobodys() -> None:
    with pytest.raises(FileRefused):
        readable_key(execution(id="mine"), STARTER.task_uri("task", "run", "a.csv"))


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/etc/passwd",
        "file:///etc/passwd",
        "kestra://host/a",
        "kestra:///../a",
        "kestra:///a/%2e%2e/%2e%2e/b",
        "kestra:///company/team/%2e%2e/x",
        "nsfile:///../../x",
        "kestra:///a?b",
        "kestra:///a%00b",
        "kestra:///",
    ],
)
def test_what_is_no_path_of_the_storage(uri: str) -> None:
    with pytest.raises((InvalidKey, FileRefused)):
        readable_key(ME, uri)


def test_a_path_that_climbs_out_of_an_own_directory_is_refused() -> None:
    climbing = OWN.task_uri("task", "run", "a.csv").replace("/mine/", "/mine/%2e%2e/stranger/")
    with pytest.raises((InvalidKey, FileRefused)):
        readable_key(ME, climbing)
