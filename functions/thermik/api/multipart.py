"""Reads `multipart/form-data` (RFC 7578): where each part is in the body, without copying any.

Everything is bounded: how many parts, how large their headers. A broken form is refused with what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from thermik.api.bodies import Body
from thermik.api.errors import BadRequest, TooLarge

FORM = "multipart/form-data"
MAX_PARTS = 1000
MAX_PART_HEADERS = 8 * 1024
"""Bytes of one part's headers."""

MAX_BOUNDARY = 70
"""https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1"""

_BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))', re.IGNORECASE)
_PARAMETER = re.compile(r';\s*([a-zA-Z*]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]*))')


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form; `file_name` is None for one that is no file."""

    name: str
    file_name: str | None
    content: Body


def boundary_of(content_type: str) -> bytes | None:
    """What divides the parts; None if the content is no form. Raises: BadRequest."""
    if not content_type.lower().startswith(FORM):
        return None
    found = _BOUNDARY.search(content_type)
    boundary = (found[1] or found[2]) if found else ""
    if not 0 < len(boundary) <= MAX_BOUNDARY:
        raise BadRequest("The Content-Type of the form has no acceptable boundary")
    return boundary.encode()


def read_form(content_type: str, body: Body) -> Iterator[Part]:
    """The parts of a form, in order; none if the body is empty or no form.

    Raises:
        BadRequest: the form is broken.
        TooLarge: it has too many parts, or one with too many headers.
    """
    boundary = boundary_of(content_type)
    if boundary is None or len(body) == 0:
        return
    at = _first(body, b"--" + boundary)
    for _ in range(MAX_PARTS):
        after = body.part(at, min(at + 2, body.end)).read()
        if after == b"--":
            return
        if after != b"\r\n":
            raise BadRequest("The form is broken: a boundary is not followed by a line's end")
        headers_end = _headers_end(body, at)
        end = body.find(b"\r\n--" + boundary, headers_end)
        if end < 0:
            raise BadRequest("The form is broken: its last boundary is missing")
        yield _part(body.part(at, headers_end).read(), body.part(headers_end, end))
        at = end + len(boundary) + 4
    if body.part(at, min(at + 2, body.end)).read() != b"--":
        raise TooLarge(f"The form has more than {MAX_PARTS} parts")


def _first(body: Body, delimiter: bytes) -> int:
    """Where the first boundary ends; what stands before it has no meaning."""
    if body.part(body.start, min(body.start + len(delimiter), body.end)).read() == delimiter:
        return body.start + len(delimiter)
    found = body.find(b"\r\n" + delimiter, body.start)
    if found < 0:
        raise BadRequest("The form is broken: it does not have the boundary that its Content-Type names")
    return found + 2 + len(delimiter)


def _headers_end(body: Body, start: int) -> int:
    """Where the content begins: behind the empty line."""
    limited = body.part(start, min(start + MAX_PART_HEADERS, body.end))
    found = limited.find(b"\r\n\r\n", start)
    if found < 0:
        if len(limited) == MAX_PART_HEADERS:
            raise TooLarge(f"A part of the form has more than {MAX_PART_HEADERS} bytes of headers")
        raise BadRequest("The form is broken: a part has no end of its headers")
    return found + 4


def _part(headers: bytes, content: Body) -> Part:
    for line in headers.decode(errors="replace").split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-disposition":
            parameters = _parameters(value)
            return Part(parameters.get("name", ""), _file_name(parameters), content)
    raise BadRequest("The form is broken: a part has no Content-Disposition")


def _parameters(value: str) -> dict[str, str]:
    return {
        found[1].lower(): re.sub(r'\\(["\\])', r"\1", found[2]) if found[2] is not None else found[3]
        for found in _PARAMETER.finditer(value)
    }


def _file_name(parameters: dict[str, str]) -> str | None:
    extended = parameters.get("filename*")  # UTF-8''…, which comes before the plain one: RFC 6266, section 4.3
    if extended is not None:
        return unquote(extended.split("'", 2)[-1], errors="replace")
    return parameters.get("filename")
