"""The API under ASGI: each request becomes an event of API Gateway and is answered on a thread.

What takes long holds no thread: an answer that waits for an execution's end, an event stream and a file's bytes are
sent from the event loop, which asks threads for a piece at a time. Large uploads go to a file as they come.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from thermik.api.answers import Answer, Awaited, BlobBody, Stream
from thermik.api.application import Api, Call
from thermik.api.errors import ApiError, answer_of
from thermik.local.asgi_body import Disconnected, read_body
from thermik.local.changes import Changes
from thermik.local.waiting import Waiting
from thermik.storage.errors import BlobsUnavailable
from thermik.storage.streams import PIECE_BYTES
from thermik.turns import in_turn

THREADS = 32
"""Requests at work at a time; most of their time is a wait for the disk."""

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Result = TypeVar("Result")


@dataclass(slots=True)
class App:
    """The application that uvicorn serves.

    Attributes:
        uploads: where large bodies are spooled.
        closing: set when the server is about to end; what waits then answers with what there is.
    """

    api: Api
    changes: Changes
    uploads: Path
    pool: Executor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="thermik-api"))
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        try:
            await self._answer(scope, receive, send)
        except Disconnected:
            return

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        event = event_of(scope)
        try:
            body = await read_body(receive, event["headers"], self.uploads, self.api.admit, self.pool)
        except (ApiError, BlobsUnavailable) as error:
            await _send_answer(send, answer_of(error, scope["path"]))
            return
        call = Call(body)
        result = await self._in_thread(lambda: self.api.resolve(event, call))
        answer = call.answer
        if answer is None or (
            answer.awaited is None and answer.stream is None and not isinstance(answer.body, BlobBody)
        ):
            await _send_result(send, result)
        elif answer.awaited is not None:
            await _send_answer(send, await self._later(answer, answer.awaited, receive))
        elif answer.stream is not None:
            await self._send_stream(answer, answer.stream, receive, send)
        else:
            await self._send_blob(answer, send)

    async def _later(self, answer: Answer, awaited: Awaited, receive: Receive) -> Answer:
        """The answer once it is there; the first one when the server ends before."""
        with Waiting(self.changes, awaited.execution_id, self.closing, receive, only_ends=True) as waiting:
            goes_on = waiting.has_ended() or await waiting.next()
            while goes_on:
                later = await self._in_thread(awaited.again)
                if later is not None:
                    return later
                goes_on = await waiting.next()
        return answer

    async def _send_stream(self, answer: Answer, stream: Stream, receive: Receive, send: Send) -> None:
        await send(_start(answer))
        if answer.body:
            await send(_piece(str(answer.body).encode()))
        with Waiting(self.changes, stream.execution_id, self.closing, receive, only_ends=False) as waiting:
            while True:
                text, ended = await self._in_thread(stream.more)
                await send(_piece((text or KEEP_ALIVE).encode()))
                if ended or not await waiting.next():
                    break
        await send(_piece(b"", more=False))

    async def _send_blob(self, answer: Answer, send: Send) -> None:
        body: BlobBody = answer.body
        stream = await self._in_thread(lambda: self.api.services.blobs.open(body.key))
        try:
            await send(_start(answer, size=body.size))
            while piece := await self._in_thread(lambda: stream.read(PIECE_BYTES)):
                await send(_piece(piece))
            await send(_piece(b"", more=False))
        finally:
            stream.close()

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self.pool, in_turn, work)


KEEP_ALIVE = ": nothing new\n\n"
"""A comment of an event stream: what stands between sees that the connection lives."""


def event_of(scope: Scope) -> dict[str, Any]:
    """The event that API Gateway would make of this request (payload format 2.0), the body left out."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": scope["path"],
        "rawQueryString": scope["query_string"].decode("latin-1"),
        "headers": headers,
        "requestContext": {"http": {"method": scope["method"], "path": scope["path"]}, "stage": "$default"},
        "isBase64Encoded": False,
    }


async def _send_result(send: Send, result: Mapping[str, Any]) -> None:
    body = result["body"] or ""
    content = base64.b64decode(body) if result["isBase64Encoded"] else body.encode()
    await _send(send, int(result["statusCode"]), result["headers"], content)


async def _send_answer(send: Send, answer: Answer) -> None:
    content = answer.content() or b""
    content = content.encode() if isinstance(content, str) else content
    await _send(send, int(answer.status), {**answer.headers, "Content-Type": answer.media_type}, content)


async def _send(send: Send, status: int, headers: Mapping[str, Any], content: bytes) -> None:
    fields = [(name.lower().encode(), str(value).encode("latin-1")) for name, value in headers.items()]
    if status != 204:
        fields.append((b"content-length", str(len(content)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send(_piece(content, more=False))


def _start(answer: Answer, *, size: int | None = None) -> dict[str, Any]:
    headers = {**answer.headers, "Content-Type": answer.media_type, "Cache-Control": "no-store"}
    if size is not None:
        headers["Content-Length"] = str(size)
    fields = [(name.lower().encode(), str(value).encode("latin-1")) for name, value in headers.items()]
    return {"type": "http.response.start", "status": int(answer.status), "headers": fields}


def _piece(content: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.response.body", "body": content, "more_body": more}
