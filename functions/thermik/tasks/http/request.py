"""`io.kestra.plugin.core.http.Request`."""

from __future__ import annotations

from typing import Any, Literal

from thermik.tasks.http.bodies import build_body
from thermik.tasks.http.exchange import exchange
from thermik.tasks.http.models import HttpTask
from thermik.tasks.http.options import Logged
from thermik.tasks.runnable import RunContext, TaskFailure
from thermik.tasks.scratch import scratch

MAX_CONTENT_LENGTH = 10 * 1024 * 1024
"""Kestra's default for an answer that becomes an output."""
MAX_LOGGED_BODY = 10_000


class Request(HttpTask):
    """Send an HTTP request; the response is an output.

    For large or binary responses there is `Download`.
    """

    encrypt_body: Literal[False] = False

    def run(self, context: RunContext) -> dict[str, Any]:
        """Send the request; outputs `uri`, `code`, `headers` (name to list) and `body`, a text."""
        limit = MAX_CONTENT_LENGTH
        if self.options.max_content_length is not None:
            limit = context.render_as(int, self.options.max_content_length)
        with scratch() as folder:
            sent = build_body(self, context, folder)
            if Logged.REQUEST_BODY in self.options.logs and isinstance(sent.content, bytes):
                context.log.debug(sent.content[:MAX_LOGGED_BODY].decode("utf-8", "replace"))
            with exchange(self, context, sent, limit) as answer:
                content = b"".join(answer.chunks())
        if Logged.RESPONSE_BODY in self.options.logs:
            context.log.debug(content[:MAX_LOGGED_BODY].decode("utf-8", "replace"))
        return {
            "uri": context.render(self.uri),
            "code": answer.status,
            "headers": answer.headers,
            "body": _text(content),
        }


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TaskFailure("The response is no text in UTF-8; use the Download task for other content") from error
