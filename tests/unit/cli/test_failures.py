from __future__ import annotations

from pathlib import Path

import pytest

from thermik.cli.failures import tell
from thermik.cli.main import call

FLOW = "id: a\nnamespace: t\ntasks:\n  - id: say\n    type: io.kestra.plugin.core.log.Log\n    message: hello\n"


def test_a_wrong_option_is_a_usage_error_with_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["validate", "--nope"]) == 2
    told = capsys.readouterr().err
    assert "No such option" in told
    assert "`thermik validate --help`" in told


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["dance"]) == 2
    assert "dance" in capsys.readouterr().err


def test_a_missing_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["validate", "/nowhere/flow.yaml"]) == 1
    assert "/nowhere/flow.yaml: No such file or directory" in capsys.readouterr().err


def test_a_wrong_setting_names_the_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["flows", "list", "--url", "example.com"]) == 2
    assert "--url is 'example.com': must begin with http:// or https://" in capsys.readouterr().err


def test_a_wrong_setting_names_the_variable(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THERMIK_URL", "example.com")
    assert call(["flows", "list"]) == 2
    assert "THERMIK_URL is 'example.com'" in capsys.readouterr().err


def test_a_user_without_a_password_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["flows", "list", "--username", "ada"]) == 2
    assert "--username and THERMIK_PASSWORD belong together" in capsys.readouterr().err


def test_what_nobody_foresaw_is_told_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell(TypeError("a bug")) == 1
    told = capsys.readouterr().err
    assert "TypeError: a bug" in told
    assert "Traceback" not in told


def test_debugging_shows_where_it_came_from(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THERMIK_LOG_LEVEL", "debug")
    tell(TypeError("a bug"))
    assert "TypeError: a bug" in capsys.readouterr().err


def test_a_flow_that_is_valid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "flow.yaml"
    file.write_text(FLOW)
    assert call(["validate", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: t.a is valid\n"
