"""Files that are too large for a server's API: sent straight to its storage, and fetched from there.

A server on AWS does, since API Gateway and Lambda pass on a few megabytes only; a server on a laptop takes any size.
"""

from __future__ import annotations

import http.client
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit
from urllib.request import urlopen

from thermik.cli.failures import CommandFailed
from thermik.cli.forms import Form

DIRECT_BYTES = 4 * 1024 * 1024
"""What every server takes as it is: Lambda's 6 MB (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html),
of which base64 leaves three quarters."""

TIMEOUT_SECONDS = 300.0


def is_large(path: Path) -> bool:
    """Whether it is worth asking where to send a file."""
    return path.stat().st_size > DIRECT_BYTES


def send(offer: Mapping[str, Any], path: Path) -> None:
    """Send a file as an upload's offer says (`url`, `fields`). Raises: CommandFailed."""
    parts = urlsplit(str(offer["url"]))
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=TIMEOUT_SECONDS)
    try:
        with Form({name: str(value) for name, value in offer["fields"].items()}, {"file": path}) as form:
            headers = {"Content-Type": form.content_type, "Content-Length": str(form.length)}
            connection.request("POST", parts.path or "/", body=iter(form), headers=headers)
            answer = connection.getresponse()
            content = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise CommandFailed(f"{path} could not be sent to the storage at {parts.netloc}: {error}") from error
    finally:
        connection.close()
    if answer.status >= 300:
        said = content[:300].decode(errors="replace")
        raise CommandFailed(f"the storage at {parts.netloc} refuses {path}: {answer.status} {said}")


def fetch(url: str, sink: BinaryIO) -> None:
    """Copy what is at an address that a server's answer named. Raises: CommandFailed."""
    if not url.startswith(("https://", "http://")):  # `urlopen` would read `file:///etc/passwd`, too
        raise CommandFailed(f"the server answers with an address that is none of HTTP: {url[:100]}")
    try:
        with urlopen(url, timeout=TIMEOUT_SECONDS) as source:  # noqa: S310 - the scheme was looked at
            shutil.copyfileobj(source, sink)
    except OSError as error:
        raise CommandFailed(f"the file cannot be fetched from the storage: {error}") from error
