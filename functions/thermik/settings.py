"""Every setting, read from the environment in one place and checked before anything starts.

Nothing else in Thermik reads `os.environ`, apart from what a flow itself may ask of it.
Where a setting is wrong, all problems are told at once, each with its variable's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

from thermik.records import record

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
Auth = Literal["required", "open"]

DEFAULT_PORT = 8080
MAX_PORT = 65_535
MAX_RETENTION_DAYS = 3_650


class SettingsError(Exception):
    """Settings that cannot be used; the operator must change the variables that the message names."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@record
class AwsSettings:
    """The resources of the deployed stack.

    Attributes:
        table: name of the DynamoDB table.
        bucket: name of the S3 bucket of the internal storage.
        worker_arn: the worker function, as the state machines invoke it.
        machine_role_arn: the role that the state machines take on.
        machine_prefix: what the name of every state machine of this stack begins with.
        api_secret: ARN of the secret with the API's credentials: `{"username": …, "password": …}`;
            None where the API is open (or not served).
        encryption_secret: ARN of the secret with the base64 of the key that encrypts SECRET inputs; None refuses them.
        secret_prefix: what the names of the secrets of `secret()` begin with; None has none of them.
        schedule_group: where the schedules of triggers are; without it the sweep alone looks at what is due.
        schedule_role_arn: the role that schedules take on, to call the events function (`events_arn`).
        dead_letters_arn: the queue of what they could not deliver.
    """

    table: str
    bucket: str
    worker_arn: str
    machine_role_arn: str
    machine_prefix: str
    api_secret: str | None = None
    encryption_secret: str | None = None
    secret_prefix: str | None = None
    schedule_group: str | None = None
    schedule_role_arn: str | None = None
    events_arn: str | None = None
    dead_letters_arn: str | None = None


@record
class Settings:
    """What this process was told.

    Attributes:
        aws: the stack's resources; None on a laptop.
        data: the laptop's data directory.
        host: the address to listen on. port: 0 takes a free one.
        username: of basic auth, with `password`; both or neither.
        token: an API token that is accepted besides them.
        auth: `open` answers everyone, for an API that sits behind something that asks for credentials itself.
        url: the server that the command line talks to; None works on the data directory.
        retention_days: executions that ended longer ago are deleted, with all that is theirs; None keeps them.
        log_level: of Thermik's own log, not of the executions'.
        plugin_defaults: those of the installation: a file's path, or the YAML text itself (`flows/global_defaults.py`).
    """

    aws: AwsSettings | None = None
    data: Path = Path(".thermik")
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    auth: Auth = "required"
    url: str | None = None
    retention_days: int | None = None
    log_level: LogLevel = "INFO"
    plugin_defaults: str | None = None


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings that the environment gives; an empty variable counts as not set.

    Raises:
        SettingsError: with every problem.
    """
    given = {name: value for name, value in environment.items() if name.startswith("THERMIK_") and value}
    problems: list[str] = []
    values = {
        attribute: _read(name, given[name], parse, problems)
        for name, (attribute, parse) in _PARSERS.items()
        if name in given
    }
    aws = _aws(given, problems)
    if ("THERMIK_USERNAME" in given) != ("THERMIK_PASSWORD" in given):
        problems.append("THERMIK_USERNAME and THERMIK_PASSWORD belong together: set both or neither")
    if problems:
        raise SettingsError(problems)
    return Settings(aws=aws, **values)


def require_aws(settings: Settings) -> AwsSettings:
    """The stack's resources, for a function that cannot do without.

    Raises:
        SettingsError: they are not set.
    """
    if settings.aws is None:
        raise SettingsError([f"{name} is not set" for name in _AWS_REQUIRED])
    return settings.aws


def _aws(given: Mapping[str, str], problems: list[str]) -> AwsSettings | None:
    """All of the stack's variables or none: half a stack is a mistake, not a laptop."""
    if not any(name in given for name in _AWS_REQUIRED):
        return None
    missing = [name for name in _AWS_REQUIRED if name not in given]
    if missing:
        problems.extend(f"{name} is not set, though others of the stack's settings are" for name in missing)
        return None
    required = {attribute: given[name] for name, attribute in _AWS_REQUIRED.items()}
    optional = {attribute: given[name] for name, attribute in _AWS_OPTIONAL.items() if name in given}
    return AwsSettings(**required, **optional)


def _read(name: str, text: str, parse: Callable[[str], Any], problems: list[str]) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        problems.append(f"{name} is {text!r}: {error}")
        return None


def _whole_number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(text)

    return parse


def _one_of(*choices: str) -> Callable[[str], str]:
    """A word of a closed list, however it is capitalised."""

    def parse(text: str) -> str:
        for choice in choices:
            if text.lower() == choice.lower():
                return choice
        raise ValueError(f"must be one of {', '.join(choices)}")

    return parse


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return text.rstrip("/")


_AWS_REQUIRED = {
    "THERMIK_TABLE": "table",
    "THERMIK_BUCKET": "bucket",
    "THERMIK_WORKER_ARN": "worker_arn",
    "THERMIK_MACHINE_ROLE_ARN": "machine_role_arn",
    "THERMIK_MACHINE_PREFIX": "machine_prefix",
}

_AWS_OPTIONAL = {
    "THERMIK_API_SECRET": "api_secret",
    "THERMIK_ENCRYPTION_SECRET": "encryption_secret",
    "THERMIK_SECRET_PREFIX": "secret_prefix",
    "THERMIK_SCHEDULE_GROUP": "schedule_group",
    "THERMIK_SCHEDULE_ROLE_ARN": "schedule_role_arn",
    "THERMIK_EVENTS_ARN": "events_arn",
    "THERMIK_DEAD_LETTERS_ARN": "dead_letters_arn",
}

_PARSERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "THERMIK_DATA": ("data", Path),
    "THERMIK_HOST": ("host", str),
    "THERMIK_PORT": ("port", _whole_number(0, MAX_PORT)),
    "THERMIK_USERNAME": ("username", str),
    "THERMIK_PASSWORD": ("password", str),
    "THERMIK_TOKEN": ("token", str),
    "THERMIK_AUTH": ("auth", _one_of("required", "open")),
    "THERMIK_URL": ("url", _url),
    "THERMIK_PLUGIN_DEFAULTS": ("plugin_defaults", str),
    "THERMIK_RETENTION_DAYS": ("retention_days", _whole_number(1, MAX_RETENTION_DAYS)),
    "THERMIK_LOG_LEVEL": ("log_level", _one_of("DEBUG", "INFO", "WARNING", "ERROR")),
}
