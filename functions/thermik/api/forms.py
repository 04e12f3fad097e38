"""The inputs in a form: a part for each, named by its id; or a file named by the id in a part named `files`."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from thermik.api.errors import BadRequest, TooLarge, Unprocessable
from thermik.api.multipart import FORM, Part, boundary_of, read_form
from thermik.api.request import Request
from thermik.flows.input_values import Upload

FILES = "files"
"""The name of a file's part whose file name is the input's id."""

MAX_FIELD = 10 * 1024 * 1024
"""Bytes of an input that is no file."""


_NOTHING = frozenset({b"", b"{}", b"null"})
"""Bodies without a word in them, which some clients send with every POST."""


def refuse_other_bodies(request: Request) -> None:
    """Refuse a body that is no form: the inputs in it would be lost. An empty one may be of any type.

    Raises:
        Unprocessable: with the content type that is expected; no 415, which Kestra's clients do not know.
        BadRequest: a form without a boundary.
    """
    content_type = request.headers.get("content-type", "")
    if boundary_of(content_type) is not None:
        return
    # the size first: a large body is not read into memory to be refused
    if len(request.body) > MAX_FIELD or request.body.read().strip() not in _NOTHING:
        sent = f"'{content_type[:100]}'" if content_type else "a body without a Content-Type"
        raise Unprocessable(f"Inputs are sent as {FORM}, not as {sent}")


def read_inputs(request: Request, closing: ExitStack) -> dict[str, Any]:
    """What a request's form gives to each input; the streams of files are closed with `closing`.

    Raises:
        BadRequest, TooLarge: the form cannot be read.
    """
    given: dict[str, Any] = {}
    for part in read_form(request.headers.get("content-type", ""), request.body):
        name = part.file_name if part.name == FILES and part.file_name else part.name
        if name:
            given[name] = _value(part, closing)
    return given


def _value(part: Part, closing: ExitStack) -> Any:
    if part.file_name is not None:
        return Upload(closing.enter_context(part.content.open()), part.file_name)
    if len(part.content) > MAX_FIELD:
        raise TooLarge(f"The field '{part.name[:100]}' has {len(part.content)} bytes; at most {MAX_FIELD} are accepted")
    try:
        return part.content.read().decode()
    except UnicodeDecodeError:
        raise BadRequest(f"The field '{part.name[:100]}' is no UTF-8 text") from None
