"""Files that are too large for a request: where a client may send them by itself, before it starts the execution.

On AWS a request has at most 6 MB. So an execution's id is chosen first, and each file goes straight to the place that
it would have as that execution's input. Who then starts the flow gives the files' URIs as the values of the inputs:
from them the execution takes its id (`reserved_id`), and nothing is copied. Where the store takes no uploads, on a
laptop, requests have no such limit: the answer is 204, and files belong into the form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from thermik.api.answers import NO_CONTENT, Answer
from thermik.api.errors import Unprocessable
from thermik.api.request import Request
from thermik.api.routing import Router
from thermik.api.services import Services
from thermik.executions import pausing
from thermik.executions.repository import ExecutionNotFound
from thermik.flows.constraints import refused_file
from thermik.flows.flow import Flow
from thermik.flows.input_types import FileInput
from thermik.flows.inputs import Input
from thermik.identity import new_id
from thermik.storage.errors import BlobNotFound, InvalidKey
from thermik.storage.internal import ExecutionFiles, execution_of, key_of
from thermik.storage.namespace_files import file_key

EXPIRES_SECONDS = 3600  # for the form to be sent: 5 GB at 12 Mbit/s
MAX_BYTES = 5 * 1024**3
"""The most that a form may send to S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html"""

router = Router("Uploads")


@router.route("POST", "/executions/<namespace>/<flow_id>/uploads", query="input fileName revision")
def offer_inputs(services: Services, request: Request) -> Any:
    """Where the files of an execution that is to be started may be sent: `{executionId, uploads}`."""
    flow = services.flows.load(request["namespace"], request["flow_id"], request.optional_number("revision")).flow
    return _offers(services, request, flow.inputs, ExecutionFiles(flow.namespace, flow.id, new_id()))


@router.route(
    "POST",
    "/executions/<execution_id>/actions/resume/uploads",
    "/executions/<execution_id>/resume/uploads",
    query="input fileName",
)
def offer_resume_inputs(services: Services, request: Request) -> Any:
    """Where the files may be sent that a resume of this execution is to give."""
    execution = services.executions.execution(request["execution_id"]).value
    files = ExecutionFiles(execution.namespace, execution.flow_id, execution.id)
    return _offers(services, request, pausing.asked_on_resume(services.life, execution), files)


@router.route("POST", "/namespaces/<namespace>/files/uploads", query="path")
def offer_namespace_file(services: Services, request: Request) -> Answer:
    """Where a namespace file may be sent."""
    path = (request.get("path") or "").strip("/")
    if not path:
        raise Unprocessable("Parameter 'path' must be the path of a file")
    offer = _offer(services, file_key(request["namespace"], path))
    return Answer(offer) if offer else NO_CONTENT


def reserved_id(services: Services, flow: Flow, given: Mapping[str, Any]) -> str | None:
    """The id of the execution whose files were sent ahead as these values; None where none were.

    Raises:
        Unprocessable: they are of several executions, or one is not there.
    """
    uris = {each.id: given.get(each.id) for each in flow.inputs if isinstance(each, FileInput)}
    owners = {name: owner for name, uri in uris.items() if (owner := _owner(flow, name, uri)) is not None}
    # the files of an execution that exists are given to this one like any other URI, by a replay for example
    ids = {owner for owner in owners.values() if _is_free(services, owner)}
    if len(ids) > 1:
        raise Unprocessable("The files that were sent ahead belong to different executions")
    for name, owner in owners.items():
        if owner in ids:
            _check_sent(services, name, str(uris[name]))
    return next(iter(ids), None)


def keep_sent(services: Services, inputs: Sequence[Input], given: Mapping[str, Any]) -> None:
    """Let files stay that were sent ahead and are given to inputs: the store deletes those that nobody ever uses.

    To be called before the execution has them: then no crash between the two loses one of its files.

    Raises:
        BlobsUnavailable.
    """
    uris = [given.get(each.id) for each in inputs if isinstance(each, FileInput)]
    services.blobs.keep([key_of(uri) for uri in uris if isinstance(uri, str) and _is_an_input(uri)])


def _is_an_input(uri: str) -> bool:
    """Whether a URI is that of an execution's input."""
    try:
        return execution_of(uri) is not None
    except InvalidKey:
        return False


def _offers(services: Services, request: Request, inputs: Sequence[Input], files: ExecutionFiles) -> Any:
    """The places of the files that a request names. Raises: Unprocessable."""
    declared = {each.id: each for each in inputs if isinstance(each, FileInput)}
    wanted = request.all("input")
    unknown = [name for name in wanted if name not in declared]
    if unknown or not wanted:
        named = f"not '{', '.join(unknown)[:100]}'" if unknown else "once for each file to be sent"
        raise Unprocessable(f"Parameter 'input' must name FILE inputs of the flow, {named}")
    uris = {
        name: files.input_uri(name, _name(declared[name], sent))
        for name, sent in zip_longest(wanted, request.all("fileName")[: len(wanted)], fillvalue="")
    }
    offers = [
        {"input": name, "uri": uri, **_offer(services, key_of(uri), until_kept=True)} for name, uri in uris.items()
    ]
    if not all("url" in offer for offer in offers):
        return NO_CONTENT
    return {"executionId": files.execution_id, "uploads": offers}


def _name(declared: FileInput, sent: str) -> str:
    """What a file of this name will be called. Raises: Unprocessable: the input accepts none of that name."""
    reason = refused_file(declared, sent)
    if reason is not None:
        raise Unprocessable(f"Invalid input for `{declared.id}`, {reason}, but parameter 'fileName' is `{sent[:100]}`")
    return declared.stored_name(sent)


def _owner(flow: Flow, name: str, uri: Any) -> str | None:
    """The execution of this flow among whose files a URI is, as this input."""
    if not isinstance(uri, str):
        return None
    try:
        owner = execution_of(uri)
        files = ExecutionFiles(flow.namespace, flow.id, owner or "")
        return owner if owner and key_of(uri).startswith(f"{files.prefix}inputs/{name}/") else None
    except InvalidKey:
        return None


def _is_free(services: Services, execution_id: str) -> bool:
    try:
        services.executions.execution(execution_id)
    except ExecutionNotFound:
        return True
    return False


def _check_sent(services: Services, name: str, uri: str) -> None:
    try:
        services.blobs.info(key_of(uri))
    except BlobNotFound:
        raise Unprocessable(f"Nothing was sent for the input '{name}'") from None


def _offer(services: Services, key: str, *, until_kept: bool = False) -> dict[str, Any]:
    """`{url, fields, maxBytes, expiresIn}` of a form; nothing where the store takes none."""
    form = services.blobs.upload_url(key, expires_seconds=EXPIRES_SECONDS, max_bytes=MAX_BYTES, until_kept=until_kept)
    return {**form, "maxBytes": MAX_BYTES, "expiresIn": EXPIRES_SECONDS} if form is not None else {}
