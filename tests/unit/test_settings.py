"""Settings: defaults, every problem at once with its variable's name, no secret in a repr."""

from __future__ import annotations

from pathlib import Path

import pytest

from thermik.settings import AwsSettings, Settings, SettingsError, read_settings, require_aws

STACK = {
    "THERMIK_TABLE": "table",
    "THERMIK_BUCKET": "bucket",
    "THERMIK_WORKER_ARN": "arn:worker",
    "THERMIK_MACHINE_ROLE_ARN": "arn:role",
    "THERMIK_MACHINE_PREFIX": "stack-",
}


def test_nothing_set_is_a_laptop() -> None:
    assert read_settings({"PATH": "/bin"}) == Settings()


def test_an_empty_variable_counts_as_not_set() -> None:
    assert read_settings({"THERMIK_PORT": "", "THERMIK_TABLE": ""}) == Settings()


def test_each_setting_is_read() -> None:
    settings = read_settings(
        {
            "THERMIK_DATA": "/srv/data",
            "THERMIK_HOST": "0.0.0.0",
            "THERMIK_PORT": "0",
            "THERMIK_USERNAME": "ada",
            "THERMIK_PASSWORD": "secret",
            "THERMIK_TOKEN": "token",
            "THERMIK_AUTH": "open",
            "THERMIK_URL": "http://localhost:8080/",
            "THERMIK_RETENTION_DAYS": "30",
            "THERMIK_LOG_LEVEL": "debug",
        }
    )
    assert settings == Settings(
        data=Path("/srv/data"),
        host="0.0.0.0",
        port=0,
        username="ada",
        password="secret",
        token="token",
        auth="open",
        url="http://localhost:8080",
        retention_days=30,
        log_level="DEBUG",
    )


def test_secrets_are_not_shown() -> None:
    settings = read_settings({"THERMIK_USERNAME": "ada", "THERMIK_PASSWORD": "hunter2", "THERMIK_TOKEN": "hunter3"})
    assert "hunter" not in repr(settings)


def test_the_stack_is_read_as_a_whole() -> None:
    expected = AwsSettings("table", "bucket", "arn:worker", "arn:role", "stack-", api_secret="arn:secret")
    assert read_settings(STACK | {"THERMIK_API_SECRET": "arn:secret"}).aws == expected


@pytest.mark.parametrize("missing", STACK)
def test_half_a_stack_is_refused(missing: str) -> None:
    with pytest.raises(SettingsError, match=f"^{missing} is not set"):
        read_settings({name: value for name, value in STACK.items() if name != missing})


def test_a_function_that_needs_the_stack_names_all_that_is_missing() -> None:
    with pytest.raises(SettingsError) as caught:
        require_aws(Settings())
    assert [problem.split()[0] for problem in caught.value.problems] == list(STACK)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("THERMIK_PORT", "http"),
        ("THERMIK_PORT", "-1"),
        ("THERMIK_PORT", "65536"),
        ("THERMIK_PORT", "٣"),
        ("THERMIK_RETENTION_DAYS", "0"),
        ("THERMIK_LOG_LEVEL", "loud"),
        ("THERMIK_AUTH", "none"),
        ("THERMIK_URL", "localhost:8080"),
    ],
)
def test_a_wrong_value_is_told_with_its_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({name: value})
    assert caught.value.problems[0].startswith(f"{name} is {value!r}: must ")


def test_all_problems_are_told_at_once() -> None:
    wrong = {"THERMIK_PORT": "x", "THERMIK_LOG_LEVEL": "y", "THERMIK_PASSWORD": "z", "THERMIK_TABLE": "t"}
    with pytest.raises(SettingsError) as caught:
        read_settings(wrong)
    assert len(caught.value.problems) == 2 + 4 + 1


def test_what_a_stack_may_lack() -> None:
    more = {
        "THERMIK_API_SECRET": "arn:api",
        "THERMIK_ENCRYPTION_SECRET": "arn:key",
        "THERMIK_SECRET_PREFIX": "stack/secrets/",
        "THERMIK_PLUGIN_DEFAULTS": "- {type: x}",
    }
    settings = read_settings({**STACK, **more})
    aws = require_aws(settings)
    assert (aws.api_secret, aws.encryption_secret, aws.secret_prefix) == ("arn:api", "arn:key", "stack/secrets/")
    assert settings.plugin_defaults == "- {type: x}"
