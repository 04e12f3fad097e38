"""`thermik render` and `thermik expressions`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from thermik.cli.render import expressions, render


def test_an_expression_with_variables_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "vars.json").write_text('{"a": [1, 2]}')
    options = ["{{ a }}", "--vars", str(tmp_path / "vars.json")]
    assert CliRunner().invoke(render, options).output == "[1,2]\n"
    assert json.loads(CliRunner().invoke(render, [*options, "--typed"]).output) == [1, 2]


def test_an_error_ends_with_its_message() -> None:
    done = CliRunner().invoke(render, ["{{ missing }}"])
    assert done.exit_code == 1
    assert "Unable to find `missing` used in the expression" in done.output


def test_lines_of_json_are_answered_one_by_one() -> None:
    lines = [{"expression": "{{ a }}", "variables": {"a": 1}}, {"expression": "{{ b"}, {"expression": "plain"}]
    done = CliRunner().invoke(render, ["--stdin"], input="\n".join(map(json.dumps, lines)))
    first, second, third = map(json.loads, done.output.splitlines())
    assert (first, set(second), third) == ({"value": "1"}, {"error"}, {"value": "plain"})


def test_a_line_that_cannot_be_read_is_answered_and_the_next_one_too() -> None:
    lines = ["{not json", "[1]", "{}", '{"expression": "a", "variables": [1]}', '{"expression": "last"}']
    done = CliRunner().invoke(render, ["--stdin"], input="\n".join(lines))
    answers = [*map(json.loads, done.output.splitlines())]
    assert answers[0]["error"].startswith("column 2: no JSON")
    assert [set(each) for each in answers[1:4]] == [{"error"}] * 3
    assert answers[4] == {"value": "last"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{\n "a": }', ":2:7: no JSON"),
        (b"[1]", ":1:1: a JSON object is expected"),
        (b"\xff", ": no UTF-8 text (byte 1)"),
    ],
)
def test_variables_that_cannot_be_read_are_told_with_their_place(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "vars.json").write_bytes(content)
    done = CliRunner().invoke(render, ["{{ a }}", "--vars", str(tmp_path / "vars.json")])
    assert done.exit_code == 2
    assert f"vars.json{said}" in done.output


def test_the_list_of_the_language() -> None:
    assert "upper()" in CliRunner().invoke(expressions).output
    entries = json.loads(CliRunner().invoke(expressions, ["--json"]).output)
    assert {
        "kind": "filter",
        "name": "chunk",
        "arguments": ["size"],
        "documentation": "The list cut into lists of a size.",
    } in entries
