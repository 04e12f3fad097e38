"""Every command explains itself, with an example, and `--help` of the group imports none of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from thermik.cli.main import cli


def _commands(
    command: click.Command, path: tuple[str, ...] = ("thermik",)
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        with click.Context(command) as context:
            for name in command.list_commands(context):
                found = command.get_command(context, name)
                assert found is not None
                yield from _commands(found, (*path, name))


COMMANDS = dict(_commands(cli))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_a_text_and_an_example(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    with click.Context(command, info_name=" ".join(path)) as context:
        text = command.get_help(context)
    assert command.help
    assert "thermik " in text.split("Usage:", 1)[1].split("\n", 1)[1], text


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_is_explained(path: tuple[str, ...]) -> None:
    options = [parameter for parameter in COMMANDS[path].params if isinstance(parameter, click.Option)]
    assert [option.name for option in options if not option.help] == []


def test_help_of_the_group_imports_no_command() -> None:
    program = (
        "import sys; from thermik.cli.main import call; call(['--help']);"
        "print(sorted(m for m in sys.modules if m.split('.')[0] in ('pydantic', 'rich', 'yaml', 'botocore', 'uvicorn')"
        " or m == 'thermik.cli.run'), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "validate" in done.stdout
