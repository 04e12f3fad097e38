"""`thermik namespaces`: which there are, and their files."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from thermik.cli.client import connect
from thermik.cli.examples import examples
from thermik.cli.failures import CommandFailed
from thermik.cli.listing import FORMAT, print_json, print_rows
from thermik.cli.options import CONNECTION, with_settings
from thermik.settings import Settings


@click.group(epilog=examples("thermik namespaces list", "thermik namespaces files upload shop scripts/"))
def namespaces() -> None:
    """List namespaces, and keep their files."""


@namespaces.command("list", epilog=examples("thermik namespaces list"))
@FORMAT
@with_settings(CONNECTION)
def list_(form: str, settings: Settings) -> None:
    """List the namespaces that have flows, and those above them."""
    with connect(settings) as client:
        found = client.namespaces()
    print_rows([{"id": name} for name in found], [("NAMESPACE", lambda each: each["id"])], form)


@namespaces.group(epilog=examples("thermik namespaces files list shop", "thermik namespaces files get shop main.py"))
def files() -> None:
    """List, read, write and delete the files of a namespace."""


@files.command("list", epilog=examples("thermik namespaces files list shop", "thermik namespaces files list shop sql/"))
@click.argument("namespace")
@click.argument("folder", default="/")
@FORMAT
@with_settings(CONNECTION)
def list_files(namespace: str, folder: str, form: str, settings: Settings) -> None:
    """List the paths of a namespace's files, or of those in a folder."""
    beginning = "/" + folder.strip("/") + "/" if folder.strip("/") else "/"
    with connect(settings) as client:
        found = [path for path in client.namespace_files(namespace) if path.startswith(beginning)]
    if form == "json":
        print_json(found)
        return
    for path in found:
        click.echo(path)


@files.command(
    epilog=examples("thermik namespaces files get shop main.py", "thermik namespaces files get shop a.zip -o a.zip")
)
@click.argument("namespace")
@click.argument("path")
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="A file to write to.")
@with_settings(CONNECTION)
def get(namespace: str, path: str, output: Path | None, settings: Settings) -> None:
    """Print a file, byte for byte, or write it to another."""
    with connect(settings) as client:
        if output is None:
            client.read_namespace_file(namespace, path, sys.stdout.buffer)
            return
        draft = output.with_name(f".{output.name}.part")  # a file that is there stays whole if the server goes away
        try:
            with draft.open("wb") as sink:
                client.read_namespace_file(namespace, path, sink)
            draft.replace(output)
        finally:
            draft.unlink(missing_ok=True)


@files.command(
    epilog=examples(
        "thermik namespaces files upload shop main.py",
        "thermik namespaces files upload shop scripts/ --to lib",
    )
)
@click.argument("namespace")
@click.argument("sources", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="FILE…")
@click.option(
    "--to", "folder", default="", metavar="FOLDER", help="The folder in the namespace; its root if not given."
)
@with_settings(CONNECTION)
def upload(namespace: str, sources: tuple[Path, ...], folder: str, settings: Settings) -> None:
    """Write files into a namespace, over those that are there; of a directory, all that is in it."""
    wanted = [pair for source in sources for pair in _below(source, folder.strip("/"))]
    with connect(settings) as client:
        for path, source in wanted:
            client.write_namespace_file(namespace, path, source)
            click.echo(f"/{path}")


@files.command(epilog=examples("thermik namespaces files delete shop main.py"))
@click.argument("namespace")
@click.argument("path")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_settings(CONNECTION)
def delete(namespace: str, path: str, yes: bool, settings: Settings) -> None:
    """Delete a file, or a folder with all that is in it."""
    if not yes and not click.confirm(f"Delete /{path.strip('/')} of {namespace}?"):
        raise CommandFailed("nothing was deleted")
    with connect(settings) as client:
        client.delete_namespace_file(namespace, path)
    click.echo(f"/{path.strip('/')} is deleted")


def _below(source: Path, folder: str) -> list[tuple[str, Path]]:
    """The path in the namespace and the source of a file, or of each file in a directory."""
    beginning = f"{folder}/" if folder else ""
    if not source.is_dir():
        return [(beginning + source.name, source)]
    found = [each for each in sorted(source.rglob("*")) if each.is_file()]
    return [(beginning + each.relative_to(source).as_posix(), each) for each in found]
