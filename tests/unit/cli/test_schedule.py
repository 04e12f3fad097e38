"""`thermik schedule --stdin`: a line that cannot be read is answered, and the lines behind it are, too."""

from __future__ import annotations

import io
import json

import pytest

from thermik.cli.main import call

ASKED = '{"cron": "0 9 * * *", "after": "2024-05-06T10:00:00Z", "count": 1}'


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("not json", "column 1: no JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("[1]", "a JSON object with a `cron`"),
        ('{"count": 1}', "a JSON object with a `cron`"),
        ('{"cron": "0 9 * * *", "count": "many"}', "`count` must be a whole number"),
        ('{"cron": "0 9 * * *", "after": 5}', "`after` an ISO 8601 instant"),
        ('{"cron": "0 9 * *"}', "invalid cron expression"),
    ],
)
def test_a_line_that_cannot_be_read_stops_nothing(
    line: str, error: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{line}\n\n{ASKED}\n"))

    assert call(["schedule", "--stdin"]) == 0

    refused, answered = map(json.loads, capsys.readouterr().out.splitlines())
    assert error in refused["error"]
    assert answered["next"] == ["2024-05-07T09:00:00Z"]
