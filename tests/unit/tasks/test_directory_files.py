"""Files in and out of a directory that a script controls."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from thermik.tasks import directory_files as files
from thermik.tasks.directory_files import fetch_stored, store_output_files, write_input_files
from thermik.tasks.globs import glob_pattern
from thermik.tasks.runnable import TaskFailure
from unit.tasks.fake_context import FakeContext

STORED = "kestra:///company/team/orders/executions/1/inputs/file/orders.csv"


@pytest.fixture
def root(context: FakeContext) -> Path:
    return context.working_directory()


@pytest.mark.parametrize(
    ("glob", "matching", "others"),
    [
        ("a.txt", ["a.txt"], ["b/a.txt", "axtxt"]),
        ("*.csv", ["a.csv", ".csv"], ["b/a.csv", "a.csv.gz"]),
        ("**", ["a", "b/c/d", ".hidden"], []),
        ("out/**", ["out/a", "out/b/c"], ["out", "other/a"]),
        ("out/*/x?.txt", ["out/b/x1.txt"], ["out/x1.txt", "out/b/c/x1.txt", "out/b/x.txt"]),
        ("*.{csv,json}", ["a.csv", "b.json"], ["c.txt"]),
        ("[a-c]1", ["a1", "c1"], ["d1", "ab1"]),
        ("[!a]", ["b"], ["a", "/"]),
        (r"\*", ["*"], ["a"]),
        ("./a+(b)", ["a+(b)"], ["aab"]),
        ("glob:*.txt", ["a.txt"], []),
    ],
)
def test_globs_match_as_javas_do(glob: str, matching: list[str], others: list[str]) -> None:
    pattern = glob_pattern(glob)
    assert [path for path in [*matching, *others] if pattern.fullmatch(path)] == matching


@pytest.mark.parametrize("glob", ["", "/etc/*", "../*", "a/../../b", "regex:.*", "{a,{b,c}}", "{a", "a}", "[z-a]"])
def test_other_globs_are_refused(glob: str) -> None:
    with pytest.raises(TaskFailure, match="glob"):
        glob_pattern(glob)


def test_input_files_are_texts_or_copies_of_stored_ones(context: FakeContext, root: Path) -> None:
    context.files[STORED] = b"1\n"
    write_input_files(context, root, {"a.txt": "text", "b/c/d.csv": STORED, "none": None, "./e": ""})
    assert {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()} == {
        "a.txt": "text",
        "b/c/d.csv": "1\n",
        "e": "",
    }


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "", ".", "a\0b"])
def test_input_files_stay_inside(context: FakeContext, root: Path, name: str) -> None:
    with pytest.raises(TaskFailure, match="inside the working directory"):
        write_input_files(context, root, {name: "x"})


@pytest.mark.parametrize("name", ["link", "link/x", "folder/link"])
def test_input_files_follow_no_link(context: FakeContext, root: Path, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir() if name == "link/x" else outside.write_text("precious")
    (root / "folder").mkdir()
    (root / "link").symlink_to(outside)
    (root / "folder" / "link").symlink_to(outside)
    with pytest.raises(TaskFailure, match="links are not followed"):
        write_input_files(context, root, {name: "stolen"})
    assert list(outside.iterdir()) == [] if outside.is_dir() else outside.read_text() == "precious"


def test_an_input_file_does_not_wait_at_a_named_pipe(context: FakeContext, root: Path) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(TaskFailure, match=r"Cannot write .*file 'pipe'"):
        write_input_files(context, root, {"pipe": "x"})


@pytest.mark.parametrize(("value", "message"), [(5, "must be a text"), ("file:///etc/passwd", "not open to flows")])
def test_other_inputs_are_refused(context: FakeContext, root: Path, value: object, message: str) -> None:
    with pytest.raises(TaskFailure, match=message):
        write_input_files(context, root, {"a": value})


def test_a_stored_file_named_in_a_command_is_fetched_once(context: FakeContext, tmp_path: Path) -> None:
    context.files[STORED] = b"data"
    text = fetch_stored(context, f"cat {STORED} '{STORED}'; echo kestra", tmp_path / "files")
    first, second = text.removeprefix("cat ").removesuffix("; echo kestra").split(" ")
    assert second == f"'{first}'"
    assert Path(first).read_bytes() == b"data"
    assert first.endswith(".csv")


def test_a_command_with_a_missing_file_fails(context: FakeContext, tmp_path: Path) -> None:
    with pytest.raises(TaskFailure, match="Unable to find file"):
        fetch_stored(context, f"cat {STORED}", tmp_path / "files")


def test_output_files_are_moved_by_their_relative_paths(context: FakeContext, root: Path) -> None:
    (root / "out" / "deep").mkdir(parents=True)
    for name in ("out/b.txt", "out/deep/a.txt", "kept.log"):
        (root / name).write_text(name)
    stored = store_output_files(context, root, ["out/**", "nothing-*"])
    assert list(stored) == ["out/b.txt", "out/deep/a.txt"]
    assert [context.text(uri) for uri in stored.values()] == ["out/b.txt", "out/deep/a.txt"]
    assert [path.name for path in root.rglob("*") if path.is_file()] == ["kept.log"]
    assert context.log.at("WARN") == ["No file matches 'nothing-*'"]


def test_output_files_follow_no_link(context: FakeContext, root: Path, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "key").write_text("secret")
    (root / "folder").symlink_to(secrets)
    (root / "key").symlink_to(secrets / "key")
    os.mkfifo(root / "pipe")
    assert store_output_files(context, root, ["**", "folder/key"]) == {}
    assert context.files == {}
    assert sum("is not kept" in message for message in context.log.at("WARN")) == 3


def test_too_many_output_files_are_refused(context: FakeContext, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_OUTPUT_FILES", 2)
    for number in range(3):
        (root / str(number)).touch()
    with pytest.raises(TaskFailure, match="ore than 2 files"):
        store_output_files(context, root, ["*"])
    assert context.files == {}
