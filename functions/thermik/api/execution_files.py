"""The files of an execution: downloaded, measured, previewed."""

from __future__ import annotations

import base64
import codecs
import csv
import io
import json
from pathlib import PurePosixPath
from typing import Any

from thermik.api.answers import BYTES, Answer, BlobBody, attachment
from thermik.api.errors import NotFound, Unprocessable
from thermik.api.request import Request
from thermik.api.routing import Router
from thermik.api.services import Services
from thermik.storage.errors import BlobNotFound
from thermik.storage.internal import ExecutionFiles, key_of

MAX_PREVIEW_BYTES = 1024 * 1024
DEFAULT_ROWS = 100
MAX_ROWS = 10_000

_IMAGES = frozenset({"png", "jpg", "jpeg", "gif", "svg", "webp", "bmp"})

router = Router("Files of executions")


@router.route("GET", "/executions/<execution_id>/file", query="path")
def download(services: Services, request: Request) -> Answer:
    """The bytes of a file."""
    key = file_key(services, request)
    size = _size(services, key)
    return Answer(
        BlobBody(key, size), media_type=BYTES, headers={"Content-Disposition": attachment(PurePosixPath(key).name)}
    )


@router.route("GET", "/executions/<execution_id>/file/metas", query="path")
def metas(services: Services, request: Request) -> dict[str, Any]:
    """The size of a file."""
    return {"size": _size(services, file_key(services, request))}


@router.route("GET", "/executions/<execution_id>/file/preview", query="path maxRows encoding")
def preview(services: Services, request: Request) -> dict[str, Any]:
    """The beginning of a file, in a form that can be shown."""
    key = file_key(services, request)
    size = _size(services, key)
    rows = request.number("maxRows", DEFAULT_ROWS, least=1, most=MAX_ROWS)
    with services.blobs.open(key, length=min(size, MAX_PREVIEW_BYTES)) as stream:
        beginning = stream.read()
    extension = PurePosixPath(key).suffix.removeprefix(".").lower()
    kind, content, cut = _shown(extension, beginning, rows, _encoding(request.get("encoding")))
    return {"extension": extension, "type": kind, "content": content, "truncated": cut or size > MAX_PREVIEW_BYTES}


def file_key(services: Services, request: Request) -> str:
    """The key of the file that a request names. Raises: InvalidKey, Unprocessable: it is none of this execution's."""
    execution = services.executions.execution(request["execution_id"]).value
    uri = request.get("path")
    if uri is None:
        raise Unprocessable("Parameter 'path' is required: the URI of a file of this execution")
    files = ExecutionFiles(execution.namespace, execution.flow_id, execution.id)
    if not files.holds(uri):
        raise Unprocessable(f"'{uri[:200]}' is no file of execution '{execution.id}'")
    return key_of(uri)


def _size(services: Services, key: str) -> int:
    try:
        return services.blobs.info(key).size
    except BlobNotFound:
        raise NotFound(f"File '{key}' not found") from None


def _encoding(name: str | None) -> str:
    try:
        return codecs.lookup(name or "utf-8").name
    except LookupError:
        raise Unprocessable(f"'{(name or '')[:100]}' is no encoding that is known") from None


def _shown(extension: str, beginning: bytes, rows: int, encoding: str) -> tuple[str, Any, bool]:
    """Kestra's type of preview, its content, and whether there is more."""
    if extension in _IMAGES:
        return "IMAGE", base64.b64encode(beginning).decode(), False
    if extension == "pdf":
        return "PDF", base64.b64encode(beginning).decode(), False
    text = beginning.decode(encoding, errors="replace")
    lines = text.splitlines()
    cut = len(lines) > rows
    if extension == "csv":  # with its header a row more
        return "LIST", list(csv.DictReader(io.StringIO("\n".join(lines[: rows + 1])))), len(lines) > rows + 1
    if extension in {"jsonl", "ndjson"}:
        return "LIST", [_parsed(line) for line in lines[:rows]], cut
    if extension == "md":
        return "MARKDOWN", text, False
    return "TEXT", "\n".join(lines[:rows]), cut


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return line
