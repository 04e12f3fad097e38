"""Files of namespaces. Directories are what the files' paths say; one made by itself is kept by an empty marker."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from thermik.api.answers import BYTES, Answer, BlobBody, attachment
from thermik.api.errors import BadRequest, NotFound, TooLarge, Unprocessable
from thermik.api.multipart import read_form
from thermik.api.namespace_archives import unpack
from thermik.api.request import Request
from thermik.api.routing import Router
from thermik.api.services import Services
from thermik.storage.blobs import BlobInfo
from thermik.storage.errors import BlobNotFound
from thermik.storage.internal import namespace_files_prefix
from thermik.storage.namespace_files import MARKER, file_key

MAX_FILES = 10_000
MAX_EXPORT_BYTES = 100 * 1024 * 1024

_FILES = "/namespaces/<namespace>/files"

router = Router("Namespace files")


@router.route("GET", _FILES, query="path revision")
def read(services: Services, request: Request) -> Answer:
    """The bytes of a file."""
    key = _key(request)
    info = _info(services, key)
    headers = {"Content-Disposition": attachment(PurePosixPath(key).name)}
    return Answer(BlobBody(key, info.size), media_type=BYTES, headers=headers)


@router.route("POST", _FILES, query="path", consumes="multipart/form-data")
def write(services: Services, request: Request) -> Answer:
    """Write a file, or unpack a zip archive at the root, as Kestra does."""
    parts = [
        part for part in read_form(request.headers.get("content-type", ""), request.body) if part.name == "fileContent"
    ]
    if not parts:
        raise BadRequest("The form must have a file `fileContent`")
    if (parts[0].file_name or "").lower().endswith(".zip"):
        unpack(services.blobs, request["namespace"], parts[0].content)
        return Answer()
    key = _key(request)
    with parts[0].content.open() as stream:
        services.blobs.put(key, stream)
    return Answer()


@router.route("PUT", _FILES, query="from to")
def move(services: Services, request: Request) -> Answer:
    """Move a file, or a directory with all that is in it."""
    source, target = _key(request, "from"), _key(request, "to")
    moved = [*_below(services, source)] or [_info(services, source)]
    if target == source or target.startswith(source + "/"):
        raise Unprocessable("A directory cannot be moved into itself")
    # copied whole before anything is deleted: a crash leaves files twice, never none
    for info in moved:
        with services.blobs.open(info.key) as stream:
            services.blobs.put(target + info.key.removeprefix(source), stream)
    services.blobs.delete([info.key for info in moved])
    return Answer()


@router.route("DELETE", _FILES, query="path")
def delete(services: Services, request: Request) -> Answer:
    """Delete a file, or a directory with all that is in it."""
    key = _key(request)
    services.blobs.delete([key, *(info.key for info in _below(services, key))])
    return Answer()


@router.route("GET", f"{_FILES}/directory", query="path")
def list_directory(services: Services, request: Request) -> list[dict[str, Any]]:
    """What is in a directory."""
    prefix = _directory(request)
    found: dict[str, dict[str, Any]] = {}
    for info in _bounded(services, prefix):
        name, below, _ = info.key.removeprefix(prefix).partition("/")
        if name != MARKER and (below or name not in found):
            found[name] = _attributes(name, info, directory=bool(below))
    return [found[name] for name in sorted(found)]


@router.route("POST", f"{_FILES}/directory", query="path")
def make_directory(services: Services, request: Request) -> Answer:
    """Make a directory."""
    services.blobs.put(f"{_key(request)}/{MARKER}", b"")
    return Answer()


@router.route("GET", f"{_FILES}/stats", query="path")
def stats(services: Services, request: Request) -> dict[str, Any]:
    """The size and dates of a file, or of a directory."""
    if (request.get("path") or "/").strip("/") == "":
        return {"fileName": "_files", "type": "Directory", "size": 0, "lastModifiedTime": 0, "creationTime": 0}
    key = _key(request)
    name = PurePosixPath(key).name
    inside = next(_below(services, key), None)
    return (
        _attributes(name, inside, directory=True)
        if inside
        else _attributes(name, _info(services, key), directory=False)
    )


@router.route("GET", f"{_FILES}/search", query="q")
def search(services: Services, request: Request) -> list[str]:
    """The paths that have a text in them."""
    prefix = namespace_files_prefix(request["namespace"])
    wanted = (request.get("q") or "").lower()
    paths = ("/" + info.key.removeprefix(prefix) for info in _bounded(services, prefix))
    return [path for path in paths if wanted in path.lower() and not path.endswith("/" + MARKER)]


@router.route("GET", f"{_FILES}/revisions", query="path")
def revisions(services: Services, request: Request) -> list[dict[str, Any]]:
    """The revisions of a file: only the newest is kept."""
    _info(services, _key(request))
    return [{"revision": 1}]


@router.route("GET", f"{_FILES}/export")
def export(services: Services, request: Request) -> Answer:
    """An archive of every file of the namespace."""
    prefix = namespace_files_prefix(request["namespace"])
    files = [info for info in _bounded(services, prefix) if not info.key.endswith("/" + MARKER)]
    if sum(info.size for info in files) > MAX_EXPORT_BYTES:
        raise TooLarge(f"The files have more than {MAX_EXPORT_BYTES} bytes together")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for info in files:
            with services.blobs.open(info.key) as stream:
                archive.writestr(info.key.removeprefix(prefix), stream.read())
    name = f"{request['namespace']}_files.zip"
    return Answer(content.getvalue(), media_type=BYTES, headers={"Content-Disposition": attachment(name)})


def _key(request: Request, parameter: str = "path") -> str:
    """The key of the file that a parameter names. Raises: InvalidKey, Unprocessable."""
    path = (request.get(parameter) or "").strip("/")
    if not path:
        raise Unprocessable(f"Parameter '{parameter}' must be the path of a file")
    return file_key(request["namespace"], path)


def _directory(request: Request) -> str:
    path = (request.get("path") or "").strip("/")
    return f"{_key(request)}/" if path else namespace_files_prefix(request["namespace"])


def _below(services: Services, key: str) -> Iterator[BlobInfo]:
    return iter([*_bounded(services, key + "/")])  # all of them first: there may be too many, or they are to be moved


def _bounded(services: Services, prefix: str) -> Iterator[BlobInfo]:
    for number, info in enumerate(services.blobs.list(prefix)):
        if number >= MAX_FILES:
            raise TooLarge(f"There are more than {MAX_FILES} files")
        yield info


def _info(services: Services, key: str) -> BlobInfo:
    try:
        return services.blobs.info(key)
    except BlobNotFound:
        raise NotFound(f"File '{key.partition('/_files')[2]}' not found") from None


def _attributes(name: str, info: BlobInfo, *, directory: bool) -> dict[str, Any]:
    modified = _milliseconds(info.modified)
    return {
        "fileName": name,
        "type": "Directory" if directory else "File",
        "size": 0 if directory else info.size,
        "lastModifiedTime": modified,
        "creationTime": modified,
    }


def _milliseconds(date: datetime) -> int:
    return int(date.timestamp() * 1000)
