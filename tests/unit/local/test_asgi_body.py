"""Bodies as they come in."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from thermik.local.asgi import App
from thermik.local.asgi_body import IN_MEMORY

SCOPE = {"type": "http", "method": "POST", "path": "/api/v1/main/flows", "query_string": b"", "headers": []}


class Open:
    """An API that lets everybody send; no request gets as far as its routes."""

    def admit(self, _headers: Any) -> None:
        pass


class Full:
    """A file on a disk that has no room left."""

    def write(self, _content: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _answer(uploads: Path) -> tuple[int, Any]:
    """Status and JSON of the answer to a body that does not fit into memory."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": bytes(IN_MEMORY + 1), "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    api: Any = Open()
    changes: Any = None
    asyncio.run(App(api, changes, uploads)(SCOPE, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"])


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: Full())

    status, answer = _answer(tmp_path)

    assert status == 503
    assert answer["message"].startswith(f"The directory for uploads {tmp_path}: the disk is full: free some space")
    assert answer["_links"]["self"]["href"] == SCOPE["path"]


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")

    status, answer = _answer(tmp_path / "file" / "uploads")

    assert status == 503
    assert "it cannot be written" in answer["message"]
