"""Answers of the API as a Lambda function gives them: whole, within its limits, since nothing can be streamed.

What a laptop's server sends piece by piece is collected here as long as the invocation lasts; a file too large for
an answer is fetched from S3 by whoever asked, at an address that is valid for minutes.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from thermik.api.answers import Answer, Awaited, BlobBody, Stream
from thermik.storage.blobs import Blobs

MAX_INLINE_BYTES = 4 * 1024 * 1024
"""A file's bytes in an answer: 6 MB are the most (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html),
and base64 makes four bytes of three."""

FIRST_PAUSE_SECONDS = 0.1  # doubled each time: who waits for a short execution is told soon, a long one costs few reads
LONGEST_PAUSE_SECONDS = 1.0
RESERVE_SECONDS = 2.0
"""What is left of an invocation, so that the answer arrives."""

Result = dict[str, Any]


def complete(answer: Answer, remaining: Callable[[], float], blobs: Blobs, link: Callable[[str], str]) -> Result | None:
    """API Gateway's form of an answer that is more than a value; None for one that is not.

    Args:
        remaining: seconds until the invocation is ended.
        link: an address from which the blob of a key can be fetched without credentials, for a while.
    """
    if answer.awaited is not None:
        return _result(_awaited(answer, answer.awaited, remaining))
    if answer.stream is not None:
        return _result(_collected(answer, answer.stream, remaining))
    if isinstance(answer.body, BlobBody):
        return _file(answer, answer.body, blobs, link)
    return None


def _awaited(answer: Answer, awaited: Awaited, remaining: Callable[[], float]) -> Answer:
    """The later answer, or this one if it does not come in time."""
    for _ in _pauses(remaining):
        later = awaited.again()
        if later is not None:
            return later
    return answer


def _collected(answer: Answer, stream: Stream, remaining: Callable[[], float]) -> Answer:
    """All that the stream gives while there is time."""
    pieces = [str(answer.body or "")]
    for _ in _pauses(remaining):
        text, ended = stream.more()
        pieces.append(text)
        if ended:
            break
    return Answer("".join(pieces), answer.status, answer.media_type, answer.headers)


def _pauses(remaining: Callable[[], float]) -> Any:
    """Moments at which to look again, ever less often, until time is up."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        yield
        if remaining() < RESERVE_SECONDS + pause:
            return
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _file(answer: Answer, body: BlobBody, blobs: Blobs, link: Callable[[str], str]) -> Result:
    if body.size > MAX_INLINE_BYTES:
        return _result(Answer(status=HTTPStatus.FOUND, headers={"Location": link(body.key)}))
    with blobs.open(body.key) as stream:
        content = stream.read()
    return _result(Answer(content, answer.status, answer.media_type, answer.headers))


def _result(answer: Answer) -> Result:
    content = answer.content()
    encoded = isinstance(content, bytes)
    # what is answered changes from call to call, and only who has credentials may see it
    headers = {**answer.headers, "Content-Type": answer.media_type, "Cache-Control": "no-store"}
    body = base64.b64encode(content).decode() if isinstance(content, bytes) else content or ""
    return {"statusCode": int(answer.status), "headers": headers, "body": body, "isBase64Encoded": encoded}
