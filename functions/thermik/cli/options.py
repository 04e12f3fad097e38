"""Options that many commands share: each is also a variable of the environment, and both are read in one place.

An option is put over the environment before `read_settings` looks at it, so both are checked by the same rules.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from typing import Any

import click

from thermik.settings import Settings, SettingsError, read_settings

CONNECTION = ("data", "url", "username", "password", "token")
"""Which flows and executions a command works on: those of a directory here, or a server's."""

SERVING = ("data", "host", "port", "username", "password", "token")

_TEXTS = {
    "data": ("DIR", "The data directory; .thermik if not given."),
    "url": ("URL", "A server to talk to, in place of a data directory."),
    "username": ("TEXT", "User of the server, with --password."),
    "password": ("TEXT", "Password; the variable shows it to fewer people."),
    "token": ("TEXT", "API token, in place of user and password."),
    "host": ("ADDRESS", "Address to listen on; 127.0.0.1 if not given."),
    "port": ("NUMBER", "Port to listen on; 8080 if not given, 0 for a free one."),
}

Command = Callable[..., Any]


def with_settings(names: tuple[str, ...]) -> Callable[[Command], Command]:
    """Give a command these options, and as its argument `settings` what they and the environment say."""

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def call(**values: Any) -> Any:
            given = {name: values.pop(name) for name in names}
            return command(settings=settings_of(given, os.environ), **values)

        decorated: Command = call
        for name in reversed(names):  # the decorator that is applied last stands first in the help
            decorated = _option(name)(decorated)
        return decorated

    return decorate


def settings_of(given: Mapping[str, str | None], environment: Mapping[str, str]) -> Settings:
    """The settings: options where they are given, else the environment.

    Raises:
        SettingsError: with every problem, each naming the option or the variable that is wrong.
    """
    options = {_variable(name): value for name, value in given.items() if value is not None}
    try:
        return read_settings({**environment, **options})
    except SettingsError as error:
        raise SettingsError([_by_option(problem, options) for problem in error.problems]) from error


def where_text(settings: Settings) -> str:
    """The options that lead another command to the same flows and executions; empty where the environment does."""
    usual = read_settings(os.environ)
    if settings.url is not None:
        return "" if settings.url == usual.url else f" --url {settings.url}"
    return "" if settings.data == usual.data else f" --data {settings.data}"


def _option(name: str) -> Callable[[Command], Command]:
    metavar, text = _TEXTS[name]
    return click.option(f"--{name}", metavar=metavar, help=f"{text}  [env: {_variable(name)}]")


def _variable(name: str) -> str:
    return f"THERMIK_{name.upper()}"


def _by_option(problem: str, options: Mapping[str, str]) -> str:
    for variable in options:
        problem = problem.replace(variable, f"--{variable.removeprefix('THERMIK_').lower()}")
    return problem
