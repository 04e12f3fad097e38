"""A click group whose commands are imported when they are called: `thermik --help` imports none of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command is, and the line that tells what it does.

    Attributes:
        where: `module:attribute`.
        text: what `--help` of the group says of it.
        epilog: examples, for a command that brings none itself.
    """

    where: str
    text: str
    epilog: str = ""


class LazyGroup(click.Group):
    """A group that knows its commands by name and place."""

    def __init__(self, *args: Any, places: Mapping[str, Place], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._places = places

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names, in the order of the table."""
        return [*self._places]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a command; None for a name that is none."""
        place = self._places.get(cmd_name)
        if place is None:
            return None
        module, _, attribute = place.where.partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101 - the table is ours
        command.epilog = command.epilog or place.epilog
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """The table as it is, without importing a command for its text."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.text) for name, place in self._places.items()])
