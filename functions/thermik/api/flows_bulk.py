"""Many flows at once: deleted, switched off and on, exported as an archive, imported from one."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from thermik.api.answers import BYTES, Answer, attachment
from thermik.api.bulk import counted
from thermik.api.errors import BadRequest, TooLarge
from thermik.api.filters import read_filters
from thermik.api.flow_search import FIELDS, matching_flows
from thermik.api.flows import documents
from thermik.api.multipart import read_form
from thermik.api.request import MAX_TEXT_BODY, Request
from thermik.api.routing import Router
from thermik.api.services import Services
from thermik.flows.problems import InvalidFlow
from thermik.flows.repository import FlowRevision
from thermik.flows.validation import parse_flow

JSON = "application/json"
MAX_FLOWS = 1000
MAX_ARCHIVE_BYTES = 50 * 1024 * 1024
"""Bytes of all files of an archive, unpacked."""

_DISABLED = re.compile(r"^disabled:[ \t]*(true|false)[ \t]*$", re.MULTILINE)
_F = "q namespace scope labels filters"

router = Router("Many flows")

Act = Callable[[Services, FlowRevision], bool]


@router.route("DELETE", "/flows/delete/by-ids", consumes=JSON)
def delete_by_ids(services: Services, request: Request) -> dict[str, Any]:
    """Delete these flows."""
    return _acted(services, _named(services, request), _delete)


@router.route("DELETE", "/flows/delete/by-query", query=_F)
def delete_by_query(services: Services, request: Request) -> dict[str, Any]:
    """Delete the flows that pass."""
    return _acted(services, _queried(services, request), _delete)


@router.route("POST", "/flows/disable/by-ids", consumes=JSON)
def disable_by_ids(services: Services, request: Request) -> dict[str, Any]:
    """Switch these flows off."""
    return _acted(services, _named(services, request), _switch(disabled=True))


@router.route("POST", "/flows/disable/by-query", query=_F)
def disable_by_query(services: Services, request: Request) -> dict[str, Any]:
    """Switch the flows off that pass."""
    return _acted(services, _queried(services, request), _switch(disabled=True))


@router.route("POST", "/flows/enable/by-ids", consumes=JSON)
def enable_by_ids(services: Services, request: Request) -> dict[str, Any]:
    """Switch these flows on."""
    return _acted(services, _named(services, request), _switch(disabled=False))


@router.route("POST", "/flows/enable/by-query", query=_F)
def enable_by_query(services: Services, request: Request) -> dict[str, Any]:
    """Switch the flows on that pass."""
    return _acted(services, _queried(services, request), _switch(disabled=False))


@router.route("POST", "/flows/export/by-ids", consumes=JSON)
def export_by_ids(services: Services, request: Request) -> Answer:
    """An archive with the sources of these flows."""
    return _archive(_named(services, request))


@router.route("GET", "/flows/export/by-query", query=_F)
def export_by_query(services: Services, request: Request) -> Answer:
    """An archive with the sources of the flows that pass."""
    return _archive(_queried(services, request))


@router.route("POST", "/flows/import", query="failOnError", consumes="multipart/form-data")
def import_flows(services: Services, request: Request) -> list[str]:
    """Save the flows of an archive or of a file of YAML documents; the names of those that failed."""
    failed: list[str] = []
    for name, source in _uploaded(request):
        try:
            services.flows.save(parse_flow(source, services.types, services.triggers))
        except InvalidFlow:
            if request.flag("failOnError"):
                raise
            failed.append(name)
    return failed


def _named(services: Services, request: Request) -> list[FlowRevision]:
    """The flows that a body names. Raises: FlowNotFound: one is unknown, and nothing was done."""
    wanted = request.json_list()
    if len(wanted) > MAX_FLOWS or not all(isinstance(each, dict) for each in wanted):
        raise BadRequest(f"The body must be an array of at most {MAX_FLOWS} objects with `namespace` and `id`")
    return [services.flows.get(str(each.get("namespace")), str(each.get("id"))) for each in wanted]


def _queried(services: Services, request: Request) -> list[FlowRevision]:
    return services.flows.many(matching_flows(services.flows, read_filters(request, FIELDS), services.now()))


def _acted(services: Services, flows: Iterable[FlowRevision], act: Act) -> dict[str, Any]:
    return counted(sum(act(services, flow) for flow in flows))


def _delete(services: Services, flow: FlowRevision) -> bool:
    services.flows.delete(flow.namespace, flow.id)
    return True


def _switch(*, disabled: bool) -> Act:
    def act(services: Services, flow: FlowRevision) -> bool:
        source = switched(flow.source, disabled=disabled)
        if source == flow.source:
            return False
        services.flows.save(parse_flow(source, services.types, services.triggers))
        return True

    return act


def switched(source: str, *, disabled: bool) -> str:
    """A source with its `disabled` changed, all else as it was; the same if it is so already."""
    # in the text, not the data: comments and layout of the source are its author's
    found = _DISABLED.search(source)
    wanted = "true" if disabled else "false"
    if found is None:
        return f"{source.rstrip()}\ndisabled: true\n" if disabled else source
    return source if found[1] == wanted else f"{source[: found.start(1)]}{wanted}{source[found.end(1) :]}"


def _archive(flows: Iterable[FlowRevision]) -> Answer:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for flow in flows:
            archive.writestr(f"{flow.namespace}.{flow.id}.yml", flow.source)
    return Answer(content.getvalue(), media_type=BYTES, headers={"Content-Disposition": attachment("flows.zip")})


def _uploaded(request: Request) -> Iterator[tuple[str, str]]:
    """The sources in an upload: names of files, or the numbers of documents."""
    for part in read_form(request.headers.get("content-type", ""), request.body):
        if part.name != "fileUpload" or part.file_name is None:
            continue
        if part.file_name.lower().endswith(".zip"):
            yield from _unpacked(io.BytesIO(part.content.read()))
        elif len(part.content) > MAX_TEXT_BODY:
            raise TooLarge(f"The file has {len(part.content)} bytes; at most {MAX_TEXT_BODY} are accepted")
        else:
            yield from ((str(index), text) for index, text in enumerate(documents(_text(part.content.read()))))


def _unpacked(content: io.BytesIO) -> Iterator[tuple[str, str]]:
    try:
        archive = zipfile.ZipFile(content)
        files = [each for each in archive.infolist() if each.filename.lower().endswith((".yml", ".yaml"))]
    except zipfile.BadZipFile:
        raise BadRequest("The file is no zip archive") from None
    if len(files) > MAX_FLOWS or sum(each.file_size for each in files) > MAX_ARCHIVE_BYTES:
        raise TooLarge(f"The archive has more than {MAX_FLOWS} flows, or than {MAX_ARCHIVE_BYTES} bytes")
    for each in files:
        with archive.open(each) as stream:
            # no more than the directory announced, which was counted: a zip bomb is cut off
            yield each.filename, _text(stream.read(each.file_size))


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise BadRequest("A file is no UTF-8 text") from None
