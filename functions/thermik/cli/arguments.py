"""What the arguments of `thermik run` say: inputs, their files, labels, and which flow is meant."""

from __future__ import annotations

from pathlib import Path

import click

INPUT = click.option(
    "--input", "-i", "inputs", multiple=True, metavar="KEY=VALUE", help="An input; KEY=@PATH sends a file."
)


def read_inputs(inputs: tuple[str, ...]) -> tuple[dict[str, str], dict[str, Path]]:
    """Texts and files by input: `k=v`, `k=@path`; `k=@@v` is the text `@v`. Raises: click.BadParameter."""
    texts: dict[str, str] = {}
    files: dict[str, Path] = {}
    for given in inputs:
        key, sign, value = given.partition("=")
        if not key or not sign:
            raise click.BadParameter(f"{given!r} is not KEY=VALUE", param_hint="--input")
        if key in texts or key in files:
            raise click.BadParameter(f"{key!r} is given twice", param_hint="--input")
        if value.startswith("@") and not value.startswith("@@"):
            files[key] = _existing(Path(value[1:]))
        else:
            texts[key] = value.removeprefix("@")
    return texts, files


def read_labels(labels: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Labels, `k:v` or `k=v`, whichever sign comes first. Raises: click.BadParameter."""
    pairs = []
    for given in labels:
        at = min((given.index(sign) for sign in ":=" if sign in given), default=0)
        if at == 0:
            raise click.BadParameter(f"{given!r} is not KEY:VALUE", param_hint="--label")
        pairs.append((given[:at], given[at + 1 :]))
    return tuple(pairs)


def narrowed(namespace: str | None, flow: str | None) -> tuple[str | None, str | None]:
    """Namespace and id of `--flow`, else the namespace of `--namespace` alone. Raises: click.BadParameter."""
    return read_name(flow) if flow is not None else (namespace, None)


def is_file(named: str) -> bool:
    """Whether an argument means a flow's file and no saved flow."""
    return named == "-" or "/" in named or named.endswith((".yaml", ".yml")) or Path(named).is_file()


def read_name(named: str) -> tuple[str, str]:
    """Namespace and id of `namespace.flow`, or `namespace:flow` where the id has dots. Raises: click.BadParameter."""
    # namespaces have dots, most ids have none: the last dot divides
    namespace, sign, flow_id = named.rpartition(":" if ":" in named else ".")
    if not sign:
        raise click.BadParameter(f"{named!r} is neither a file nor NAMESPACE.FLOW", param_hint="FILE|NAMESPACE.FLOW")
    return namespace, flow_id


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise click.BadParameter(f"there is no file {str(path)!r}", param_hint="--input")
    return path
