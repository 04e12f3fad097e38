"""`io.kestra.plugin.core.http.Download`."""

from __future__ import annotations

import re
from email.message import Message
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from thermik.flows.dynamic import Dynamic
from thermik.tasks.http.bodies import build_body
from thermik.tasks.http.exchange import exchange
from thermik.tasks.http.models import HttpTask
from thermik.tasks.runnable import RunContext, TaskFailure
from thermik.tasks.scratch import scratch

MAX_DOWNLOAD = 5 * 1024**3
"""Bytes of a file unless `options.maxContentLength` says otherwise."""

_UNSAFE = re.compile(r"[^\w.~+-]+")


class Download(HttpTask):
    """Download a file into the internal storage.

    Metric: `response.length`, the number of bytes.
    """

    fail_on_empty_response: Dynamic[bool] = True
    save_as: str | None = None

    def run(self, context: RunContext) -> dict[str, Any]:
        """Download; outputs `uri` (of the stored file), `code`, `length` and `headers` (name to list)."""
        limit = MAX_DOWNLOAD
        if self.options.max_content_length is not None:
            limit = context.render_as(int, self.options.max_content_length)
        with scratch() as folder:
            file = folder / "download"
            with exchange(self, context, build_body(self, context, folder), limit) as answer, file.open("wb") as target:
                for chunk in answer.chunks():
                    target.write(chunk)
            length = file.stat().st_size
            if not length:
                self._empty(context)
            name = self._name(context, answer.header("Content-Disposition"))
            uri = context.put_file(file, name)
        context.counter("response.length", length)
        return {"uri": uri, "code": answer.status, "length": length, "headers": answer.headers}

    def _empty(self, context: RunContext) -> None:
        if context.render_as(bool, self.fail_on_empty_response) and not context.render_as(
            bool, self.options.allow_failed
        ):
            raise TaskFailure("No response from server")
        context.log.warn(f"File '{context.render(self.uri)}' is empty")

    def _name(self, context: RunContext, disposition: str | None) -> str:
        """The stored file's name: the one asked for, the server's, or the URI's last part."""
        if self.save_as is not None:
            return str(context.render(self.save_as))
        return named_by(disposition) or _safe(unquote(urlsplit(context.render(self.uri)).path)) or context.task_run_id


def named_by(disposition: str | None) -> str | None:
    """The file's name that a Content-Disposition header gives, without any directory."""
    if disposition is None:
        return None
    message = Message()
    message["Content-Disposition"] = disposition
    return _safe(message.get_filename() or "")


def _safe(path: str) -> str | None:
    name = _UNSAFE.sub("_", PurePosixPath(path.replace("\\", "/")).name).strip(".")
    return name[-200:] or None
