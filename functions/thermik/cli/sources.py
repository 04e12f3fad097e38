"""Flows in files: read, and their problems told as `file:line:column: message`, which editors understand."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from thermik.cli.client import Client, Json
from thermik.cli.failures import CommandFailed
from thermik.flows.problems import InvalidFlow, Problem
from thermik.flows.source import decode_source, split_documents
from thermik.flows.validation import ParsedFlow, parse_flow
from thermik.records import record
from thermik.tasks.registry import Registry
from thermik.triggers.registry import TriggerRegistry

STANDARD_INPUT = "-"

T = TypeVar("T")


@record
class Source:
    """One flow's text and where it stands.

    Attributes:
        file: as it was named on the command line.
        above: how many lines of the file come before the text.
    """

    file: str
    text: str
    above: int = 0


@record
class Located:
    """A problem in a file; line and column count from 1."""

    file: str
    line: int
    column: int
    path: str
    message: str
    severity: str = "error"

    def __str__(self) -> str:
        label = "" if self.severity == "error" else f"{self.severity}: "
        path = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}:{self.column}: {label}{path}{self.message}"


def located(source: Source, problem: Problem, severity: str = "error") -> Located:
    """A problem of a source at its place in the file."""
    line, column = (problem.position.line, problem.position.column) if problem.position else (1, 1)
    return Located(source.file, source.above + line, column, problem.path, problem.message, severity)


def read_sources(file: str) -> list[Source]:
    """The flows of a file, one a YAML document; `-` is the standard input.

    Raises:
        CommandFailed: it cannot be read, is no text, or has no flow in it.
    """
    try:
        text = decode_source(_content(file))
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}") from error
    except InvalidFlow as invalid:
        raise CommandFailed(_told([located(Source(file, ""), problem) for problem in invalid.problems])) from invalid
    sources = [Source(file, part, above) for above, part in split_documents(text)]
    if not sources:
        raise CommandFailed(f"{file}: there is no flow in it")
    return sources


def check(source: Source) -> tuple[ParsedFlow | None, list[Located]]:
    """A source's flow, None where it is refused, and its problems and warnings."""
    try:
        parsed = parse_flow(source.text, Registry(), TriggerRegistry())
    except InvalidFlow as invalid:
        problems = [located(source, problem) for problem in invalid.problems]
        return None, problems + _warnings(source, invalid.warnings)
    return parsed, _warnings(source, parsed.warnings)


def _warnings(source: Source, warnings: Iterable[Problem]) -> list[Located]:
    return [located(source, warning, "warning") for warning in warnings]


def checked(files: Iterable[str]) -> list[tuple[Source, ParsedFlow]]:
    """The flows of some files, all of them valid.

    Raises:
        CommandFailed: one is not, with every problem of all of them.
    """
    flows: list[tuple[Source, ParsedFlow]] = []
    problems: list[Located] = []
    for source in (source for file in files for source in read_sources(file)):
        parsed, found = check(source)
        if parsed is None:
            problems.extend(found)
        else:
            flows.append((source, parsed))
    if problems:
        raise CommandFailed(_told(problems))
    return flows


def checked_one(file: str) -> tuple[Source, ParsedFlow]:
    """The only flow of a file. Raises: CommandFailed."""
    return _only(file, checked([file]))


def _only(file: str, flows: Sequence[T]) -> T:
    if len(flows) > 1:
        raise CommandFailed(f"{file}: there are {len(flows)} flows in it, one is expected")
    return flows[0]


def tell_warnings(source: Source, parsed: ParsedFlow) -> None:
    """The warnings of a flow, on standard error."""
    _tell(_warnings(source, parsed.warnings))


def _tell(warnings: Iterable[Located]) -> None:
    for warning in warnings:
        click.echo(str(warning), err=True)


def save_file(client: Client, file: str) -> Json:
    """Save the only flow of a file, and tell its warnings; the flow as it was saved. Raises: CommandFailed."""
    source = _only(file, read_sources(file))
    _, found = check(source)  # for its warnings: whether it is accepted says the server, which may know other types
    _tell([each for each in found if each.severity == "warning"])
    return save(client, source)


def save(client: Client, source: Source) -> Json:
    """Save a flow; the flow as it was saved. Raises: CommandFailed."""
    try:
        return client.save_flow(source.text)
    except InvalidFlow as invalid:
        raise CommandFailed(_told([located(source, problem) for problem in invalid.problems])) from invalid


def _content(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == STANDARD_INPUT else Path(file).read_bytes()


def _told(problems: list[Located]) -> str:
    return "\n".join(map(str, problems))
