from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from thermik.cli.main import call

GOOD = "id: good\nnamespace: t\ntasks:\n  - id: say\n    type: io.kestra.plugin.core.log.Log\n    message: hello\n"
BAD = """id: bad
namespace: t
tasks:
  - id: one
    type: io.kestra.plugin.core.log.Log
    message: hello
    colour: red
  - id: one
    type: io.kestra.plugin.core.log.Nothing
"""


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    sources = {"good": GOOD, "bad": BAD, "two": GOOD + "---\n" + BAD, "empty": "# nothing\n"}
    for name, source in sources.items():
        (tmp_path / f"{name}.yaml").write_text(source)
    return {name: str(tmp_path / f"{name}.yaml") for name in sources}


def test_every_problem_has_its_file_line_and_column(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["validate", files["bad"], files["good"]]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith(f"{files['bad']}:7:5: tasks[0].colour: ") for line in lines)
    assert any(line.startswith(f"{files['bad']}:8:") and "Nothing" in line for line in lines)
    assert f"{files['good']}: t.good is valid" in lines


def test_what_is_refused_has_its_warnings_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "flow.yaml").write_text(BAD.replace("hello", "'{{ x | nosuchfilter }}'"))
    assert call(["validate", str(tmp_path / "flow.yaml")]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any("flow.yaml:7:5: tasks[0].colour" in line for line in lines)
    assert any("flow.yaml:6:" in line and "warning: tasks[0].message" in line for line in lines)


def test_lines_of_a_second_document_count_in_the_file(
    files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(["validate", "--format", "json", files["two"]]) == 1
    problems = json.loads(capsys.readouterr().out)
    colour = next(problem for problem in problems if problem["path"] == "tasks[0].colour")
    assert colour["line"] == 7 + 7
    assert colour["severity"] == "error"


def test_valid_flows_are_an_empty_list_in_json(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["flows", "validate", "--format", "json", files["good"]]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_file_without_a_flow_is_refused(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["validate", files["empty"]]) == 1
    assert "there is no flow in it" in capsys.readouterr().err


def test_what_is_no_utf_8_is_refused_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"id: a\ndescription: \xe9\n")
    assert call(["validate", str(tmp_path / "latin.yaml")]) == 1
    assert "latin.yaml:2:1: " in capsys.readouterr().err


def test_the_standard_input_is_read(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(BAD.encode())))
    assert call(["validate", "-"]) == 1
    assert "-:7:5: " in capsys.readouterr().out


def test_the_machine_of_a_flow(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["compile", files["good"]]) == 0
    machine = json.loads(capsys.readouterr().out)
    assert machine["StartAt"] in machine["States"]
    assert "say" in machine["States"]


def test_the_summary_of_a_machine(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["compile", "--format", "summary", files["good"]]) == 0
    assert "say  (Task)" in capsys.readouterr().out


def test_no_machine_of_a_flow_that_is_refused(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["compile", files["bad"]]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"{files['bad']}:7:5: " in printed.err


@pytest.mark.parametrize("command", [["flows", "save"], ["run"]])
def test_a_flow_that_is_saved_tells_its_warnings(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "warned.yaml"
    file.write_text(GOOD.replace("hello", "'{{ x | nosuchfilter }}'"))
    call([*command, str(file), "--data", str(tmp_path / "data")])
    assert f"{file}:6:" in capsys.readouterr().err
