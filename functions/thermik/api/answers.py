"""What a route answers: a value for JSON, a text, bytes, or a blob that is streamed where streams are possible."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import field
from http import HTTPStatus
from typing import Any

from thermik.records import record

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
EVENT_STREAM = "text/event-stream"


@record
class BlobBody:
    """A body that lies in the blob store: `size` bytes under `key`."""

    key: str
    size: int


@record
class Awaited:
    """An answer that comes later: it stands for the one that `again` gives once it gives any.

    It is worth asking when something of the execution was written; whoever serves knows how to learn that.
    """

    execution_id: str
    again: Callable[[], Answer | None]


@record
class Stream:
    """A body that goes on: each call of `more` gives what is new since the last, and whether that was the end."""

    execution_id: str
    more: Callable[[], tuple[str, bool]]


@record
class Answer:
    """An answer before it is bytes.

    Attributes:
        body: anything that JSON can say; or text, bytes, a blob, as `media_type` tells. None for no body.
        awaited: where the answer is to come later: this one holds if it does not come in time.
        stream: where the body goes on after `body`.
    """

    body: Any = None
    status: HTTPStatus = HTTPStatus.OK
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    awaited: Awaited | None = None
    stream: Stream | None = None

    def content(self) -> str | bytes | None:
        """The body as it is sent, unless it is a blob."""
        if self.body is None or isinstance(self.body, bytes):
            return self.body
        if self.media_type != JSON:
            return str(self.body)
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":"))


NO_CONTENT = Answer(status=HTTPStatus.NO_CONTENT)


def attachment(name: str) -> str:
    """The header that lets a browser save a file under its name, whatever characters it has."""
    from urllib.parse import quote

    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"
