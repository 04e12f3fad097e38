"""The properties that Request and Download share, and their rendering into one exchange."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from pydantic import model_validator

from thermik.flows.dynamic import Dynamic
from thermik.tasks.http.options import HttpOptions
from thermik.tasks.runnable import RunContext, RunnableTask
from thermik.tasks.structured import rendered_map


class HttpTask(RunnableTask):
    """What to ask of whom."""

    uri: str
    method: str = "GET"
    params: Dynamic[dict[str, Any]] | None = None
    headers: Dynamic[dict[str, str]] | None = None
    content_type: str = "application/json"
    body: str | None = None
    form_data: Dynamic[dict[str, Any]] | None = None
    options: HttpOptions = HttpOptions()

    @model_validator(mode="before")
    @classmethod
    def _move_old_names(cls, data: Any) -> Any:
        """`allowFailed` and `sslOptions` belong into `options` today."""
        if not isinstance(data, dict):
            return data
        moved = {name: value for name, value in data.items() if name not in ("allowFailed", "sslOptions")}
        old = {"allowFailed": data.get("allowFailed"), "ssl": data.get("sslOptions")}
        given = {name: value for name, value in old.items() if value is not None}
        options = moved.get("options") or {}
        return moved | {"options": {**given, **options}} if given and isinstance(options, dict) else moved

    def url(self, context: RunContext) -> str:
        """The rendered URI with its parameters."""
        uri: str = context.render(self.uri)
        params = rendered_map(context, "params", self.params)
        return f"{uri}{'&' if '?' in uri else '?'}{urlencode(params, doseq=True)}" if params else uri
